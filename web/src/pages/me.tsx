import { useState } from "react";
import { useApi, useMe, useSpeech, useStale, useTexts } from "../app/context.tsx";
import { chooseTheme, storedTheme, type Theme } from "../app/theme.ts";
import { useAct } from "../app/use-act.ts";
import { useTitle } from "../app/title.ts";
import { ActError, Choice, Field } from "../parts/field.tsx";
import { Card, Note, Person } from "../parts/small.tsx";
import { links } from "../routing/links.ts";
import { Link } from "../routing/location.tsx";

/** Theme and language: kept by this browser, applied at once. */
export function Appearance() {
  const { texts, language, choose } = useSpeech();
  const [theme, setTheme] = useState<Theme>(storedTheme);
  return (
    <Card id="ap" title={texts.menu.theme}>
      <div className="pad form-grid">
        <Choice
          label={texts.menu.theme}
          value={theme}
          options={(["system", "light", "dark"] as const).map(
            (word) => [word, texts.menu.themes[word]] as const,
          )}
          change={(word) => {
            chooseTheme(word);
            setTheme(word);
          }}
        />
        <Choice
          label={texts.menu.language}
          value={language}
          options={(["en", "zh-CN"] as const).map((word) => [word, texts.menu.languages[word]] as const)}
          change={choose}
        />
      </div>
    </Card>
  );
}

function Password() {
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [old, setOld] = useState("");
  const [password, setPassword] = useState("");
  const [done, setDone] = useState(false);
  const change = (): Promise<void> =>
    act.run(async () => {
      await api.send<"changePassword">("POST", "/me/password", { old, password });
      setOld("");
      setPassword("");
      setDone(true);
    });
  return (
    <Card id="pw" title={texts.people.changePassword}>
      <form
        className="pad form-grid"
        onSubmit={(event) => {
          event.preventDefault();
          void change();
        }}
      >
        <ActError act={act} />
        <div role="status">{done ? <Note kind="good">{texts.people.changed}</Note> : null}</div>
        <Field
          label={texts.people.oldPassword}
          value={old}
          change={setOld}
          type="password"
          autoComplete="current-password"
          required
        />
        <Field
          label={texts.people.newPassword}
          value={password}
          change={setPassword}
          type="password"
          autoComplete="new-password"
          help={texts.signIn.passwordHelp}
          required
        />
        <div className="acts">
          <button type="submit" className="btn go" disabled={act.busy || stale !== undefined}>
            {act.busy ? texts.common.sending : texts.people.changePassword}
          </button>
        </div>
      </form>
    </Card>
  );
}

/** One's own account: who, how it looks, the password, and the way out. */
export function MePage(props: { readonly signOut: () => Promise<void> }) {
  const texts = useTexts();
  const me = useMe();
  const act = useAct();
  useTitle(me.name);
  return (
    <>
      <div className="eh">
        <h1>
          <Person name={me.name} />
        </h1>
        <span className="m">
          {me.login} · {texts.people.roles[me.role]}
        </span>
        <span className="far acts">
          <button
            type="button"
            className="btn sm"
            disabled={act.busy}
            onClick={() => void act.run(props.signOut)}
          >
            {texts.signIn.signOut}
          </button>
        </span>
      </div>
      <ActError act={act} />
      <div className="stack12">
        <Appearance />
        <Password />
      </div>
    </>
  );
}

/** Everything that the bottom bar of a small screen has no room for. */
export function MenuPage() {
  const texts = useTexts();
  useTitle(texts.menu.title);
  const entries = [
    [links.environments, texts.nav.environments],
    [links.projects, texts.nav.projects],
    [links.processes, texts.nav.processes],
    [links.deliveries, texts.nav.deliveries],
    [links.setting("notifications"), texts.nav.notifications],
    [links.setting("runners"), texts.nav.runners],
    [links.settings, texts.nav.settings],
    [links.me, texts.people.self],
  ] as const;
  return (
    <>
      <div className="eh">
        <h1>{texts.menu.title}</h1>
      </div>
      <div className="stack12">
        <nav className="card rows" aria-label={texts.menu.title}>
          <ul>
            {entries.map(([to, word]) => (
              <li key={to}>
                <Link to={to}>{word}</Link>
              </li>
            ))}
          </ul>
        </nav>
        <Appearance />
      </div>
    </>
  );
}
