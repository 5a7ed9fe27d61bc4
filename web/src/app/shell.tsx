import { useEffect, useRef, type ReactNode } from "react";
import { formatClock } from "../format/time.ts";
import { Icon } from "../parts/icon.tsx";
import { Note } from "../parts/small.tsx";
import { Link, usePlace } from "../routing/location.tsx";
import { links } from "../routing/links.ts";
import { useLive, useMe, useStale, useTexts } from "./context.tsx";
import { useAnswer } from "./use-answer.ts";

/** The page a path belongs to: the steps and tabs of one build are one page, so that focus stays when they change. */
function pageOf(path: string): string {
  return path.replace(/^(\/p\/[^/]+\/b\/\d+)\/.*$/, "$1").replace(/^(\/p\/[^/]+\/deliveries)\/.*$/, "$1");
}

function LiveDot() {
  const texts = useTexts();
  const { connection } = useLive();
  if (connection.kind === "live") {
    const at = formatClock(connection.lastEventAtMs);
    return (
      <p className="live" title={texts.live.lastEvent(at)}>
        <i />
        {texts.live.live}
      </p>
    );
  }
  const word = connection.kind === "lost" ? texts.live.reconnecting : texts.live.connecting;
  return (
    <p className="live off">
      <i />
      {word}
    </p>
  );
}

function ConnectionBanner() {
  const texts = useTexts();
  const stale = useStale();
  return (
    <div className="conn" role="status" aria-live="polite">
      {stale === undefined ? null : (
        <Note kind="warn">
          <b>{texts.live.lostTitle}</b> {texts.live.lost(formatClock(stale.asOfMs))}
        </Note>
      )}
    </div>
  );
}

function VersionNote() {
  const texts = useTexts();
  const { version } = useLive();
  const first = useRef<string | undefined>(undefined);
  if (first.current === undefined) first.current = version;
  if (version === undefined || version === first.current) return null;
  return (
    <div className="conn">
      <Note
        kind="info"
        acts={
          <button type="button" className="btn sm" onClick={() => window.location.reload()}>
            {texts.live.reload}
          </button>
        }
      >
        {texts.live.newVersion(version)}
      </Note>
    </div>
  );
}

/** The frame of every page: navigation, the live dot, and the word that the server is gone. */
export function Shell(props: { readonly children: ReactNode }) {
  const texts = useTexts();
  const me = useMe();
  const { address } = usePlace();
  const gates = useAnswer<"gates">("/gates?state=open&limit=200", (event) => event.type === "gate.changed");
  const mine = gates.value?.items.filter((gate) => gate.mayDecide).length ?? 0;
  const page = pageOf(address.path);
  const shown = useRef(page);
  useEffect(() => {
    if (shown.current === page) return;
    shown.current = page;
    const heading = document.querySelector<HTMLElement>("main h1");
    const target = heading ?? document.querySelector<HTMLElement>("main");
    target?.setAttribute("tabindex", "-1");
    target?.focus({ preventScroll: true });
  }, [page]);

  const at = (prefix: string): "page" | undefined =>
    address.path === prefix || address.path.startsWith(`${prefix}/`) ? "page" : undefined;
  const onBuild = /^\/p\/[^/]+\/b\//.test(address.path);
  const waitingCount = mine > 0 ? <b className="n w">{mine}</b> : null;
  const nav = [
    { to: links.builds, word: texts.nav.builds, current: onBuild ? ("page" as const) : at(links.builds) },
    {
      to: links.environments,
      word: texts.nav.environments,
      current: at(links.environments) ?? at("/deployments"),
    },
    { to: links.gates, word: texts.nav.waiting, current: at(links.gates), badge: waitingCount },
    { to: links.projects, word: texts.nav.projects, current: onBuild ? undefined : at(links.projects) },
    { to: links.processes, word: texts.nav.processes, current: at(links.processes) },
    { to: links.settings, word: texts.nav.settings, current: at("/settings") },
  ];
  return (
    <>
      <a className="skip" href="#main">
        {texts.skip}
      </a>
      <header className="top">
        <Link to={links.home} className="logo" current={address.path === "/" ? "page" : undefined}>
          <Icon name="logo" />
          {texts.product}
        </Link>
        <nav aria-label={texts.nav.main}>
          <ul>
            {nav.map((item) => (
              <li key={item.to}>
                <Link to={item.to} current={item.current}>
                  {item.word} {item.badge}
                </Link>
              </li>
            ))}
          </ul>
        </nav>
        <LiveDot />
        <Link to={links.me} className="me" label={texts.nav.profile(me.name)}>
          <span className="av av-a" aria-hidden="true">
            {me.name.slice(0, 1)}
          </span>
        </Link>
      </header>
      <ConnectionBanner />
      <VersionNote />
      <main id="main">{props.children}</main>
      <nav className="foot" aria-label={texts.nav.bottom}>
        <ul>
          <li>
            <Link to={links.home} current={address.path === "/" ? "page" : undefined}>
              <Icon name="home" />
              {texts.nav.home}
            </Link>
          </li>
          <li>
            <Link to={links.gates} current={at(links.gates)}>
              <Icon name="waiting" tone="waiting" />
              {texts.nav.waiting}
              {waitingCount}
            </Link>
          </li>
          <li>
            <Link to={links.builds} current={onBuild ? "page" : at(links.builds)}>
              <Icon name="list" />
              {texts.nav.builds}
            </Link>
          </li>
          <li>
            <Link to={links.menu} current={at(links.menu)}>
              <Icon name="dots" />
              {texts.nav.menu}
            </Link>
          </li>
        </ul>
      </nav>
    </>
  );
}
