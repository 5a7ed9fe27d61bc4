import { useState } from "react";
import type { RequestBody } from "../../../../server/http/contract.ts";
import type { Secret } from "../../../../server/http/contract/system.ts";
import { useApi, useStale, useTexts } from "../../app/context.tsx";
import { useAct } from "../../app/use-act.ts";
import { useAnswer } from "../../app/use-answer.ts";
import { Dialog, DialogActs } from "../../parts/dialog.tsx";
import { ActError, Choice, Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Show } from "../../parts/loading.tsx";
import { Card, Empty, Note, Person } from "../../parts/small.tsx";
import { Moment } from "../../parts/time.tsx";
import { toBase64 } from "./base64.ts";

type Kind = Secret["type"];
type Body = RequestBody<"putSecret">;

interface Draft {
  readonly name: string;
  readonly type: Kind;
  readonly value: string;
  readonly username: string;
  readonly extra: string;
}

const EMPTY: Draft = { name: "", type: "string", value: "", username: "", extra: "" };

function bodyOf(draft: Draft): Body {
  switch (draft.type) {
    case "string":
      return { type: "string", text: draft.value };
    case "usernamePassword":
      return { type: "usernamePassword", username: draft.username, password: draft.value };
    case "file":
      return { type: "file", name: draft.extra, content: toBase64(draft.value) };
    case "sshKey":
      return {
        type: "sshKey",
        username: draft.username,
        privateKey: draft.value,
        ...(draft.extra === "" ? {} : { passphrase: draft.extra }),
      };
  }
}

function SecretFields(props: { readonly draft: Draft; readonly change: (draft: Draft) => void }) {
  const { draft, change } = props;
  const texts = useTexts();
  const set = (part: Partial<Draft>): void => change({ ...draft, ...part });
  if (draft.type === "string") {
    return (
      <Field
        label={texts.secrets.value}
        value={draft.value}
        change={(value) => set({ value })}
        rows={3}
        mono
        required
      />
    );
  }
  if (draft.type === "usernamePassword") {
    return (
      <>
        <Field
          label={texts.secrets.username}
          value={draft.username}
          change={(username) => set({ username })}
          required
        />
        <Field
          label={texts.secrets.password}
          value={draft.value}
          change={(value) => set({ value })}
          type="password"
          autoComplete="new-password"
          required
        />
      </>
    );
  }
  if (draft.type === "file") {
    return (
      <>
        <Field
          label={texts.secrets.fileName}
          value={draft.extra}
          change={(extra) => set({ extra })}
          required
        />
        <Field
          label={texts.secrets.content}
          value={draft.value}
          change={(value) => set({ value })}
          rows={5}
          mono
          required
        />
      </>
    );
  }
  return (
    <>
      <Field label={texts.secrets.username} value={draft.username} change={(username) => set({ username })} />
      <Field
        label={texts.secrets.privateKey}
        value={draft.value}
        change={(value) => set({ value })}
        rows={5}
        mono
        required
      />
      <Field
        label={texts.secrets.passphrase}
        value={draft.extra}
        change={(extra) => set({ extra })}
        type="password"
        autoComplete="new-password"
      />
    </>
  );
}

function SecretForm(props: {
  readonly base: string;
  readonly first: Draft;
  readonly replacing: boolean;
  readonly stored: (name: string) => void;
  readonly close: () => void;
}) {
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [draft, setDraft] = useState(props.first);
  const kinds = (["string", "usernamePassword", "file", "sshKey"] as const).map(
    (kind) => [kind, texts.secrets.kinds[kind]] as const,
  );
  const save = (): Promise<void> =>
    act.run(async () => {
      await api.send<"putSecret">("PUT", `${props.base}/${encodeURIComponent(draft.name)}`, bodyOf(draft));
      props.stored(draft.name);
    });
  return (
    <Dialog
      title={props.replacing ? texts.secrets.replaceWhat(draft.name) : texts.secrets.add}
      close={props.close}
    >
      <form
        className="stack12"
        onSubmit={(event) => {
          event.preventDefault();
          void save();
        }}
      >
        <ActError act={act} />
        {props.replacing ? null : (
          <Field
            label={texts.common.name}
            value={draft.name}
            change={(name) => setDraft({ ...draft, name })}
            help={texts.secrets.nameHelp}
            mono
            required
            focus
          />
        )}
        <Choice
          label={texts.secrets.kind}
          value={draft.type}
          options={kinds}
          change={(type) => setDraft({ ...draft, type })}
        />
        <SecretFields draft={draft} change={setDraft} />
        <DialogActs close={props.close}>
          <button type="submit" className="btn go" disabled={act.busy || stale !== undefined}>
            {act.busy ? texts.common.sending : texts.secrets.save}
          </button>
        </DialogActs>
      </form>
    </Dialog>
  );
}

function Remove(props: {
  readonly base: string;
  readonly name: string;
  readonly done: () => void;
  readonly close: () => void;
}) {
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const remove = (): Promise<void> =>
    act.run(async () => {
      await api.send<"deleteSecret">("DELETE", `${props.base}/${encodeURIComponent(props.name)}`, {});
      props.done();
    });
  return (
    <Dialog title={texts.secrets.removeTitle(props.name)} close={props.close}>
      <p>{texts.secrets.removeText}</p>
      <ActError act={act} />
      <DialogActs close={props.close}>
        <button
          type="button"
          className="btn kill"
          disabled={act.busy || stale !== undefined}
          onClick={() => void remove()}
        >
          {texts.secrets.removeButton}
        </button>
      </DialogActs>
    </Dialog>
  );
}

type Asking =
  | { readonly kind: "put"; readonly draft: Draft; readonly replacing: boolean }
  | { readonly kind: "remove"; readonly name: string };

/** Secrets by name, of the server or one project. Values go in and never come out. */
export function SecretsCard(props: { readonly project: string | undefined; readonly mayChange: boolean }) {
  const { project } = props;
  const texts = useTexts();
  const base = project === undefined ? "/secrets" : `/projects/${encodeURIComponent(project)}/secrets`;
  const list = useAnswer<"secrets">(base, () => false);
  const [asking, setAsking] = useState<Asking | undefined>(undefined);
  const [stored, setStored] = useState<string | undefined>(undefined);
  const close = (): void => setAsking(undefined);
  const done = (name: string | undefined): void => {
    close();
    setStored(name);
    list.reload();
  };
  return (
    <Card
      id="se"
      title={texts.secrets.title}
      note={texts.secrets.note}
      {...(props.mayChange
        ? {
            aside: (
              <button
                type="button"
                className="btn go sm"
                onClick={() => setAsking({ kind: "put", draft: EMPTY, replacing: false })}
              >
                <Icon name="plus" />
                {texts.secrets.add}
              </button>
            ),
          }
        : {})}
    >
      <div role="status">
        {stored === undefined ? null : <Note kind="good">{texts.secrets.saved(stored)}</Note>}
      </div>
      <Show of={list}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty>{texts.secrets.empty}</Empty>
          ) : (
            <table className="grid-t">
              <thead>
                <tr>
                  <th scope="col">{texts.common.name}</th>
                  <th scope="col">{texts.secrets.scope}</th>
                  <th scope="col">{texts.secrets.lastUsed}</th>
                  <th scope="col">{texts.secrets.set}</th>
                  <th scope="col">
                    <span className="vh">{texts.common.actions}</span>
                  </th>
                </tr>
              </thead>
              <tbody>
                {items.map((secret) => {
                  const own = project === undefined ? secret.scope === "server" : secret.scope === project;
                  return (
                    <tr key={`${secret.scope}.${secret.name}`}>
                      <th scope="row">
                        <code>
                          <b>{secret.name}</b>
                        </code>
                        <span className="meta block">{texts.secrets.kinds[secret.type]}</span>
                      </th>
                      <td>{secret.scope === "server" ? texts.secrets.server : secret.scope}</td>
                      <td>
                        {secret.lastUsedAtMs === null ? (
                          <span className="m">{texts.secrets.never}</span>
                        ) : (
                          <Moment atMs={secret.lastUsedAtMs} />
                        )}
                      </td>
                      <td>
                        <Moment atMs={secret.updatedAtMs} />{" "}
                        {secret.updatedBy === null ? null : <Person name={secret.updatedBy} />}
                      </td>
                      <td className="num">
                        {own && props.mayChange ? (
                          <span className="acts end">
                            <button
                              type="button"
                              className="btn sm"
                              aria-label={texts.secrets.replaceWhat(secret.name)}
                              onClick={() =>
                                setAsking({
                                  kind: "put",
                                  draft: { ...EMPTY, name: secret.name, type: secret.type },
                                  replacing: true,
                                })
                              }
                            >
                              {texts.secrets.replace}
                            </button>
                            <button
                              type="button"
                              className="btn sm no"
                              aria-label={texts.secrets.removeWhat(secret.name)}
                              onClick={() => setAsking({ kind: "remove", name: secret.name })}
                            >
                              {texts.secrets.remove}
                            </button>
                          </span>
                        ) : null}
                      </td>
                    </tr>
                  );
                })}
              </tbody>
            </table>
          )
        }
      </Show>
      {asking?.kind === "put" ? (
        <SecretForm
          base={base}
          first={asking.draft}
          replacing={asking.replacing}
          stored={done}
          close={close}
        />
      ) : null}
      {asking?.kind === "remove" ? (
        <Remove base={base} name={asking.name} done={() => done(undefined)} close={close} />
      ) : null}
    </Card>
  );
}
