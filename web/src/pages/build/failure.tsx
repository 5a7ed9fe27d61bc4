import type { Build } from "../../../../server/http/contract/builds.ts";
import { useTexts } from "../../app/context.tsx";
import { PLAIN, readLine } from "../../log/ansi.ts";
import { LineView } from "../../log/line-view.tsx";
import { Icon } from "../../parts/icon.tsx";
import { CopyButton } from "../../parts/small.tsx";
import { buildLook } from "../../parts/tone.ts";
import { links } from "../../routing/links.ts";
import { Link } from "../../routing/location.tsx";

/** Where it broke, whose fault that is and whose not, the failing line among its neighbours, and the way to it. */
export function FailureCard(props: { readonly build: Build }) {
  const { build } = props;
  const texts = useTexts();
  const { failure, reason } = build;
  if (failure === null && reason === null) return null;
  if (build.state !== "failed" && build.state !== "unstable" && build.state !== "aborted") return null;
  const look = buildLook(build.state, reason?.fault);
  const step = failure?.step ?? undefined;
  const line = failure?.line ?? undefined;
  const address =
    step === undefined
      ? undefined
      : links.step(
          build.project,
          build.number,
          step,
          line === undefined ? undefined : { from: line, to: line },
        );
  // A step such as "error" is labelled with its own words; they are said once.
  const label = failure?.label === failure?.text ? undefined : failure?.label;
  const where = [failure?.stage, label].filter((part) => part !== null && part !== undefined).join(" › ");
  return (
    <section className={`card fc fc-${look.tone}`} aria-labelledby="fc">
      <div className="fc-h">
        <Icon name={look.icon} tone={look.tone} />
        <div>
          <h2 id="fc">
            {where === "" ? (
              texts.state.build[build.state]
            ) : (
              <>
                {texts.build.failedAt} {where}
              </>
            )}
          </h2>
          <p>
            <b>{failure?.text ?? reason?.text}</b> {reason === null ? null : texts.fault[reason.fault]}
          </p>
        </div>
      </div>
      {failure === null || failure.excerpt.length === 0 ? null : (
        <div
          className="log"
          role="log"
          aria-live="off"
          aria-label={texts.log.lineRange(failure.excerpt[0]?.line ?? 1, failure.excerpt.at(-1)?.line ?? 1)}
          tabIndex={0}
        >
          {failure.excerpt.map((row) => (
            <LineView
              key={row.line}
              line={{ number: row.line, spans: readLine(row.text, PLAIN).spans }}
              chosen={false}
              failing={row.line === line}
              query=""
              currentHit={false}
            />
          ))}
        </div>
      )}
      {failure !== null && failure.excerpt.length > 0 && line === undefined ? (
        <p className="meta pad">{texts.build.noLine}</p>
      ) : null}
      {address === undefined ? null : (
        <div className="fc-f acts">
          <Link to={address} className="btn go">
            {line === undefined ? texts.home.open : texts.build.openLine(line)}
          </Link>
          {line === undefined ? null : (
            <CopyButton
              text={new URL(address, window.location.href).href}
              what={texts.build.copyLineLink}
              words={texts.build.copyLineLink}
            />
          )}
          {build.lastGood === null ? null : (
            <Link to={links.buildTab(build.project, build.number, "changes")} className="btn ghost">
              {texts.build.sinceGood(build.lastGood)}
            </Link>
          )}
        </div>
      )}
    </section>
  );
}
