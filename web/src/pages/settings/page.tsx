import { useMe, useTexts } from "../../app/context.tsx";
import { useTitle } from "../../app/title.ts";
import { Note } from "../../parts/small.tsx";
import { links } from "../../routing/links.ts";
import { Link } from "../../routing/location.tsx";
import { NotificationsPart } from "./notifications.tsx";
import { PeoplePart } from "./people.tsx";
import { RunnersPart } from "./runners.tsx";
import { SecretsCard } from "./secrets.tsx";
import { ServerPart } from "./server.tsx";
import { TokensPart } from "./tokens.tsx";

/** The parts of the settings, in the order of their list. */
export const SETTINGS = ["people", "tokens", "secrets", "runners", "notifications", "server"] as const;

/** A part of the settings. */
export type SettingsPartName = (typeof SETTINGS)[number];

function Part(props: { readonly part: SettingsPartName }) {
  const texts = useTexts();
  const me = useMe();
  switch (props.part) {
    case "people":
      return <PeoplePart />;
    case "tokens":
      return <TokensPart />;
    case "secrets":
      return me.role === "viewer" || me.role === "developer" ? (
        <Note kind="info">{texts.common.forbidden}</Note>
      ) : (
        <SecretsCard project={undefined} mayChange={me.role === "admin"} />
      );
    case "runners":
      return <RunnersPart />;
    case "notifications":
      return <NotificationsPart />;
    case "server":
      return <ServerPart />;
  }
}

/** The settings of the server, one part at a time. */
export function SettingsPage(props: { readonly part: SettingsPartName }) {
  const texts = useTexts();
  useTitle(texts.nav[props.part]);
  return (
    <>
      <div className="eh">
        <h1>{texts.nav.settings}</h1>
      </div>
      <div className="set">
        <nav className="side" aria-label={texts.nav.settings}>
          <ul>
            {SETTINGS.map((part) => (
              <li key={part}>
                <Link to={links.setting(part)} current={part === props.part ? "page" : undefined}>
                  {texts.nav[part]}
                </Link>
              </li>
            ))}
            <li>
              <Link to={links.deliveries}>{texts.nav.deliveries}</Link>
            </li>
          </ul>
        </nav>
        <div>
          <Part part={props.part} />
        </div>
      </div>
    </>
  );
}
