import { useState } from "react";
import type { Token, TokenScope } from "../../../../server/http/contract/people.ts";
import { useApi, useStale, useTexts } from "../../app/context.tsx";
import { useAct } from "../../app/use-act.ts";
import { useAnswer } from "../../app/use-answer.ts";
import { Dialog, DialogActs } from "../../parts/dialog.tsx";
import { ActError, Field } from "../../parts/field.tsx";
import { Show } from "../../parts/loading.tsx";
import { Card, CopyBox, Empty } from "../../parts/small.tsx";
import { Moment } from "../../parts/time.tsx";

const SCOPES = ["read", "build", "approve", "admin"] as const satisfies readonly TokenScope[];

function Make(props: { readonly made: (name: string, value: string) => void }) {
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const [name, setName] = useState("");
  const [days, setDays] = useState("90");
  const [scopes, setScopes] = useState<readonly TokenScope[]>(["read"]);
  const make = (): Promise<void> =>
    act.run(async () => {
      const token = await api.send<"createToken">("POST", "/tokens", {
        name,
        scopes: [...scopes],
        days: Number(days),
      });
      setName("");
      props.made(token.name, token.value);
    });
  return (
    <Card id="mk" title={texts.tokens.add}>
      <form
        className="pad form-grid"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <ActError act={act} />
        <Field label={texts.common.name} value={name} change={setName} required />
        <Field label={texts.tokens.days} value={days} change={setDays} type="number" required />
        <fieldset className="opts">
          <legend className="label">{texts.tokens.scopes}</legend>
          {SCOPES.map((scope) => (
            <label key={scope}>
              <input
                type="checkbox"
                checked={scopes.includes(scope)}
                onChange={(event) =>
                  setScopes(
                    event.target.checked ? [...scopes, scope] : scopes.filter((other) => other !== scope),
                  )
                }
              />
              {texts.tokens.scope[scope]}
            </label>
          ))}
        </fieldset>
        <div className="acts">
          <button
            type="submit"
            className="btn go"
            disabled={act.busy || stale !== undefined || scopes.length === 0}
          >
            {act.busy ? texts.common.sending : texts.tokens.make}
          </button>
        </div>
      </form>
    </Card>
  );
}

function Revoke(props: { readonly token: Token; readonly done: () => void; readonly close: () => void }) {
  const texts = useTexts();
  const api = useApi();
  const act = useAct();
  const stale = useStale();
  const revoke = (): Promise<void> =>
    act.run(async () => {
      await api.send<"deleteToken">("DELETE", `/tokens/${props.token.id}`, {});
      props.done();
    });
  return (
    <Dialog title={texts.tokens.revokeTitle(props.token.name)} close={props.close}>
      <p>{texts.tokens.revokeText}</p>
      <ActError act={act} />
      <DialogActs close={props.close}>
        <button
          type="button"
          className="btn kill"
          disabled={act.busy || stale !== undefined}
          onClick={() => void revoke()}
        >
          {texts.tokens.revokeButton}
        </button>
      </DialogActs>
    </Dialog>
  );
}

/** API tokens; a value is shown once, when it is made. */
export function TokensPart() {
  const texts = useTexts();
  const list = useAnswer<"tokens">("/tokens", () => false);
  const [made, setMade] = useState<{ name: string; value: string } | undefined>(undefined);
  const [revoking, setRevoking] = useState<Token | undefined>(undefined);
  return (
    <div className="stack12">
      <Card id="to" title={texts.tokens.title} note={texts.tokens.text}>
        <div role="status">
          {made === undefined ? null : (
            <div className="pad">
              <p className="label">{texts.tokens.made(made.name)}</p>
              <CopyBox text={made.value} what={texts.tokens.made(made.name)} />
              <p className="help">{texts.common.shownOnce}</p>
            </div>
          )}
        </div>
        <Show of={list}>
          {({ items }) =>
            items.length === 0 ? (
              <Empty>{texts.tokens.empty}</Empty>
            ) : (
              <table className="grid-t">
                <thead>
                  <tr>
                    <th scope="col">{texts.common.name}</th>
                    <th scope="col">{texts.tokens.scopes}</th>
                    <th scope="col">{texts.tokens.expires}</th>
                    <th scope="col">{texts.tokens.lastUsed}</th>
                    <th scope="col">
                      <span className="vh">{texts.common.actions}</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {items.map((token) => (
                    <tr key={token.id}>
                      <th scope="row">
                        {token.name} <span className="m">{token.owner}</span>
                      </th>
                      <td>{token.scopes.map((scope) => texts.tokens.scope[scope]).join(", ")}</td>
                      <td>
                        <Moment atMs={token.expiresAtMs} />
                      </td>
                      <td>
                        {token.lastUsedAtMs === null ? (
                          <span className="m">{texts.tokens.never}</span>
                        ) : (
                          <Moment atMs={token.lastUsedAtMs} />
                        )}
                      </td>
                      <td className="num">
                        <button
                          type="button"
                          className="btn sm no"
                          aria-label={texts.tokens.revokeWhat(token.name)}
                          onClick={() => setRevoking(token)}
                        >
                          {texts.tokens.revoke}
                        </button>
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )
          }
        </Show>
      </Card>
      <Make
        made={(name, value) => {
          setMade({ name, value });
          list.reload();
        }}
      />
      {revoking === undefined ? null : (
        <Revoke
          token={revoking}
          close={() => setRevoking(undefined)}
          done={() => {
            setRevoking(undefined);
            list.reload();
          }}
        />
      )}
    </div>
  );
}
