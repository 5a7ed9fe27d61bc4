import { useState } from "react";
import type { Me } from "../../../../server/http/contract/people.ts";
import type { ApiError } from "../../api/api.ts";
import { useApi, useTexts } from "../../app/context.tsx";
import { useAct } from "../../app/use-act.ts";
import { useTitle } from "../../app/title.ts";
import { Field } from "../../parts/field.tsx";
import { Icon } from "../../parts/icon.tsx";
import { errorText } from "../../parts/loading.tsx";
import { AuthFrame } from "./frame.tsx";

function Wrong(props: { readonly error: ApiError | undefined; readonly words: (error: ApiError) => string }) {
  if (props.error === undefined) return null;
  return (
    <div className="err-sum" role="alert">
      <Icon name="failed" tone="failed" />
      <p>
        <b>{props.words(props.error)}</b>
      </p>
    </div>
  );
}

/** Sign-in by name and password; afterwards back to where the reader wanted to go. */
export function SignInPage(props: { readonly back: string; readonly signedIn: (me: Me) => void }) {
  const texts = useTexts();
  useTitle(texts.signIn.title);
  const api = useApi();
  const act = useAct();
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const words = (error: ApiError): string => {
    if (error.status === 401) return texts.signIn.wrong;
    if (error.status === 429) return texts.signIn.tooMany;
    return errorText(error, texts);
  };
  const signIn = (): Promise<void> =>
    act.run(async () => props.signedIn(await api.send<"signIn">("POST", "/sign-in", { login, password })));
  const invalid = act.error?.status === 401;
  return (
    <AuthFrame>
      <h1>{texts.signIn.title}</h1>
      <p className="m back">{props.back === "/" ? "" : texts.signIn.back(props.back)}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void signIn();
        }}
      >
        <Wrong error={act.error} words={words} />
        <Field
          label={texts.signIn.login}
          value={login}
          change={setLogin}
          autoComplete="username"
          invalid={invalid}
          required
          focus
        />
        <Field
          label={texts.signIn.password}
          value={password}
          change={setPassword}
          type="password"
          autoComplete="current-password"
          invalid={invalid}
          required
        />
        <button type="submit" className="btn go wide big mt16" disabled={act.busy}>
          {act.busy ? texts.common.sending : texts.signIn.button}
        </button>
      </form>
    </AuthFrame>
  );
}

/** Sign-in by a link that works once, with a password for the next time. */
export function LinkSignInPage(props: { readonly link: string; readonly signedIn: (me: Me) => void }) {
  const texts = useTexts();
  useTitle(texts.signIn.linkTitle);
  const api = useApi();
  const act = useAct();
  const [password, setPassword] = useState("");
  const signIn = (): Promise<void> =>
    act.run(async () => {
      const body = { link: props.link, ...(password === "" ? {} : { password }) };
      props.signedIn(await api.send<"signInByLink">("POST", "/sign-in/link", body));
    });
  const words = (error: ApiError): string =>
    error.status === 401 || error.status === 404 || error.status === 410
      ? texts.signIn.linkBad
      : errorText(error, texts);
  return (
    <AuthFrame>
      <h1>{texts.signIn.linkTitle}</h1>
      <p className="m back">{texts.signIn.linkText}</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void signIn();
        }}
      >
        <Wrong error={act.error} words={words} />
        <Field
          label={
            <>
              {texts.signIn.newPassword} <span className="m norm">{texts.signIn.optional}</span>
            </>
          }
          value={password}
          change={setPassword}
          type="password"
          autoComplete="new-password"
          help={texts.signIn.passwordHelp}
          focus
        />
        <button type="submit" className="btn go wide big mt16" disabled={act.busy}>
          {act.busy ? texts.common.sending : texts.signIn.button}
        </button>
      </form>
    </AuthFrame>
  );
}
