import type {
  EnvChange,
  ImageChange,
  Plan,
  TargetPlan,
} from "../../../../server/http/contract/deployments.ts";
import { useTexts } from "../../app/context.tsx";
import { shortImage } from "../../format/image.ts";
import { Icon } from "../../parts/icon.tsx";
import { CopyButton } from "../../parts/small.tsx";

function Digest(props: { readonly image: string }) {
  return (
    <code className="dig" title={props.image}>
      {shortImage(props.image)}
    </code>
  );
}

function ImageRow(props: { readonly change: ImageChange }) {
  const { change } = props;
  const texts = useTexts();
  return (
    <tr>
      <th scope="row">{change.service}</th>
      <td>
        {change.from === null ? (
          <span className="m">{texts.gate.notSet}</span>
        ) : (
          <Digest image={change.from} />
        )}
      </td>
      <td className="to" aria-hidden="true">
        →
      </td>
      <td>
        <Digest image={change.to} /> <CopyButton text={change.to} what={change.service} />
        {change.from === change.to ? <span className="meta">{texts.gate.noop}</span> : null}
      </td>
    </tr>
  );
}

function EnvRow(props: { readonly change: EnvChange }) {
  const { change } = props;
  const texts = useTexts();
  const tag =
    change.from === null ? texts.gate.added : change.to === null ? texts.gate.removed : texts.gate.changed;
  return (
    <tr>
      <th scope="row">
        <code>{change.name}</code>
      </th>
      <td>{change.from === null ? texts.gate.notSet : <code>{change.from}</code>}</td>
      <td className="to" aria-hidden="true">
        →
      </td>
      <td>
        {change.to === null ? (
          <span className="m">{texts.gate.notSet}</span>
        ) : (
          <code>
            <b>{change.to}</b>
          </code>
        )}{" "}
        <span className="tag">{tag}</span>
      </td>
    </tr>
  );
}

function TargetRows(props: { readonly target: TargetPlan; readonly named: boolean }) {
  const { target } = props;
  const texts = useTexts();
  return (
    <>
      {target.images.length === 0 ? null : (
        <tbody>
          <tr className="gr">
            <th colSpan={4} scope="rowgroup">
              {props.named ? `${target.target} · ` : ""}
              {texts.gate.images} <span className="n">{target.images.length}</span>
            </th>
          </tr>
          {target.images.map((change) => (
            <ImageRow key={change.service} change={change} />
          ))}
        </tbody>
      )}
      {target.env.length === 0 ? null : (
        <tbody>
          <tr className="gr">
            <th colSpan={4} scope="rowgroup">
              {props.named ? `${target.target} · ` : ""}
              {texts.gate.settings} <span className="n">{target.env.length}</span>
            </th>
          </tr>
          {target.env.map((change) => (
            <EnvRow key={change.name} change={change} />
          ))}
        </tbody>
      )}
    </>
  );
}

/** How many things a plan changes: what a person must have seen before deciding on a small screen. */
export function changesOf(plan: Plan): number {
  return plan.targets.reduce((sum, target) => sum + target.images.length + target.env.length, 0);
}

/** Images and settings, before and after, for every target. */
export function PlanTable(props: { readonly plan: Plan }) {
  const { plan } = props;
  const texts = useTexts();
  const warnings = plan.targets.flatMap((target) =>
    target.warnings.map((text) => ({ target: target.target, text })),
  );
  return (
    <>
      {plan.goesBack ? (
        <p className="pad warn-ink">
          <Icon name="d-rolled" tone="unstable" /> {texts.gate.goesBack}
        </p>
      ) : null}
      {changesOf(plan) === 0 ? <p className="pad m">{texts.gate.noChange}</p> : null}
      <table className="plan">
        <caption className="vh">{texts.gate.plan}</caption>
        {plan.targets.map((target) => (
          <TargetRows key={target.target} target={target} named={plan.targets.length > 1} />
        ))}
      </table>
      {warnings.length === 0 ? null : (
        <ul className="ev">
          {warnings.map((warning) => (
            <li key={`${warning.target}${warning.text}`}>
              <Icon name="unstable" tone="unstable" label={texts.gate.warnings} />
              <span>
                {warning.target}: {warning.text}
              </span>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}
