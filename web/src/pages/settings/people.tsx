import { useState } from "react";
import type { Role, User } from "../../../../server/http/contract/people.ts";
import { useApi, useMe, useSpeech, useStale, useTexts } from "../../app/context.tsx";
import { useAct } from "../../app/use-act.ts";
import { useAnswer } from "../../app/use-answer.ts";
import { formatExact } from "../../format/time.ts";
import { ActError, Choice, Field } from "../../parts/field.tsx";
import { Show } from "../../parts/loading.tsx";
import { Card, CopyBox, Note, Person } from "../../parts/small.tsx";
import { Moment } from "../../parts/time.tsx";

const ROLES = ["viewer", "developer", "maintainer", "deployer", "admin"] as const satisfies readonly Role[];

function useRoleOptions(): readonly (readonly [Role, string])[] {
  const texts = useTexts();
  return ROLES.map((role) => [role, texts.people.roles[role]] as const);
}

function Row(props: {
  readonly user: User;
  readonly reload: () => void;
  readonly showLink: (who: string, url: string, atMs: number) => void;
}) {
  const { user, reload } = props;
  const texts = useTexts();
  const me = useMe();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const options = useRoleOptions();
  const off = act.busy || stale !== undefined;
  const change = (body: { role?: Role; disabled?: boolean }): Promise<void> =>
    act.run(async () => {
      await api.send<"changeUser">("PATCH", `/users/${user.id}`, body);
      reload();
    });
  const link = (): Promise<void> =>
    act.run(async () => {
      const made = await api.send<"createSignInLink">("POST", `/users/${user.id}/sign-in-link`, {});
      props.showLink(user.name, made.url, made.expiresAtMs);
    });
  return (
    <tr>
      <th scope="row">
        <Person name={user.name} /> <code className="m">{user.login}</code>
        {user.disabled ? <span className="chip gone">{texts.people.disabled}</span> : null}
        <ActError act={act} />
      </th>
      <td>
        <Choice
          label={texts.people.roleOf(user.name)}
          hideLabel
          value={user.role}
          options={options}
          disabled={off}
          change={(role) => void change({ role })}
        />
      </td>
      <td>
        {user.lastSignInAtMs === null ? (
          <span className="m">{texts.people.never}</span>
        ) : (
          <Moment atMs={user.lastSignInAtMs} />
        )}
      </td>
      <td className="num">
        <span className="acts end">
          <button
            type="button"
            className="btn sm"
            disabled={off}
            aria-label={texts.people.linkFor(user.name)}
            onClick={() => void link()}
          >
            {texts.people.link}
          </button>
          {user.id === me.id ? null : (
            <button
              type="button"
              className="btn sm"
              disabled={off}
              aria-label={
                user.disabled ? texts.people.enableWhat(user.name) : texts.people.disableWhat(user.name)
              }
              onClick={() => void change({ disabled: !user.disabled })}
            >
              {user.disabled ? texts.people.enable : texts.people.disable}
            </button>
          )}
        </span>
      </td>
    </tr>
  );
}

function Add(props: { readonly added: (user: User) => void }) {
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const options = useRoleOptions();
  const [login, setLogin] = useState("");
  const [name, setName] = useState("");
  const [mail, setMail] = useState("");
  const [role, setRole] = useState<Role>("developer");
  const add = (): Promise<void> =>
    act.run(async () => {
      const body = { login, name, role, ...(mail === "" ? {} : { mail }) };
      const user = await api.send<"createUser">("POST", "/users", body);
      setLogin("");
      setName("");
      setMail("");
      props.added(user);
    });
  return (
    <Card id="ad" title={texts.people.add}>
      <form
        className="pad form-grid"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <ActError act={act} />
        <Field
          label={texts.people.login}
          value={login}
          change={setLogin}
          help={texts.claim.loginHelp}
          required
          mono
        />
        <Field label={texts.common.name} value={name} change={setName} required />
        <Field label={texts.claim.mail} value={mail} change={setMail} type="email" />
        <Choice label={texts.people.role} value={role} options={options} change={setRole} />
        <p className="help">{texts.people.rolesHelp}</p>
        <div className="acts">
          <button type="submit" className="btn go" disabled={act.busy || stale !== undefined}>
            {act.busy ? texts.common.sending : texts.people.addButton}
          </button>
        </div>
      </form>
    </Card>
  );
}

/** The people of this server: who, in which role, when last here; new ones, and links that sign in once. */
export function PeoplePart() {
  const { texts, language } = useSpeech();
  const me = useMe();
  const list = useAnswer<"users">(me.role === "admin" ? "/users" : undefined, () => false);
  const [link, setLink] = useState<{ who: string; url: string; atMs: number } | undefined>(undefined);
  if (me.role !== "admin") return <Note kind="info">{texts.people.onlyAdmin}</Note>;
  return (
    <div className="stack12">
      <Card id="pe" title={texts.people.title}>
        <div role="status">
          {link === undefined ? null : (
            <div className="pad">
              <p className="label">{texts.people.linkFor(link.who)}</p>
              <CopyBox text={link.url} what={texts.people.linkFor(link.who)} />
              <p className="help">{texts.people.linkText(formatExact(link.atMs, language))}</p>
            </div>
          )}
        </div>
        <Show of={list}>
          {({ items }) => (
            <table className="grid-t">
              <thead>
                <tr>
                  <th scope="col">{texts.common.name}</th>
                  <th scope="col">{texts.people.role}</th>
                  <th scope="col">{texts.people.last}</th>
                  <th scope="col">
                    <span className="vh">{texts.common.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((user) => (
                  <Row
                    key={user.id}
                    user={user}
                    reload={list.reload}
                    showLink={(who, url, atMs) => setLink({ who, url, atMs })}
                  />
                ))}
              </tbody>
            </table>
          )}
        </Show>
      </Card>
      <Add added={() => list.reload()} />
    </div>
  );
}
