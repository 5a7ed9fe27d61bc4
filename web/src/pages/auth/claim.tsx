import { useState } from "react";
import type { Me } from "../../../../server/http/contract/people.ts";
import { useApi, useTexts } from "../../app/context.tsx";
import { useAct } from "../../app/use-act.ts";
import { useTitle } from "../../app/title.ts";
import { ActError, Field } from "../../parts/field.tsx";
import { AuthFrame } from "./frame.tsx";

/** The first start: whoever holds the printed claim becomes the first administrator. */
export function ClaimPage(props: { readonly claim: string; readonly signedIn: (me: Me) => void }) {
  const texts = useTexts();
  useTitle(texts.claim.title);
  const api = useApi();
  const act = useAct();
  const [claim, setClaim] = useState(props.claim);
  const [login, setLogin] = useState("");
  const [name, setName] = useState("");
  const [mail, setMail] = useState("");
  const [password, setPassword] = useState("");
  const take = (): Promise<void> =>
    act.run(async () => {
      const body = {
        claim: claim.trim(),
        login,
        name: name === "" ? login : name,
        password,
        ...(mail === "" ? {} : { mail }),
      };
      props.signedIn(await api.send<"claim">("POST", "/claim", body));
    });
  return (
    <AuthFrame>
      <h1>{texts.claim.title}</h1>
      <p className="m back">{texts.claim.text}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void take();
        }}
      >
        <ActError act={act} />
        {props.claim === "" ? (
          <Field
            label={texts.claim.claim}
            value={claim}
            change={setClaim}
            help={texts.claim.claimHelp}
            mono
            required
          />
        ) : null}
        <Field
          label={texts.claim.login}
          value={login}
          change={setLogin}
          help={texts.claim.loginHelp}
          autoComplete="username"
          required
          focus
        />
        <Field label={texts.claim.name} value={name} change={setName} autoComplete="name" />
        <Field
          label={texts.claim.mail}
          value={mail}
          change={setMail}
          type="email"
          help={texts.claim.mailHelp}
          autoComplete="email"
        />
        <Field
          label={texts.signIn.password}
          value={password}
          change={setPassword}
          type="password"
          help={texts.signIn.passwordHelp}
          autoComplete="new-password"
          required
        />
        <button type="submit" className="btn go wide big mt16" disabled={act.busy}>
          {act.busy ? texts.common.sending : texts.claim.button}
        </button>
      </form>
    </AuthFrame>
  );
}
