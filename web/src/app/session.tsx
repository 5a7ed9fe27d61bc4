import { useCallback, useEffect, useState, type ReactNode } from "react";
import type { Me } from "../../../server/http/contract/people.ts";
import { ApiError } from "../api/api.ts";
import { ClaimPage } from "../pages/auth/claim.tsx";
import { LinkSignInPage, SignInPage } from "../pages/auth/sign-in.tsx";
import { Failed, Skeleton } from "../parts/loading.tsx";
import { matchPath, safeReturn } from "../routing/address.ts";
import { links } from "../routing/links.ts";
import { usePlace } from "../routing/location.tsx";
import { Live, MeContext, useApi, useLive } from "./context.tsx";
import { pageFor } from "./routes.tsx";
import { Shell } from "./shell.tsx";

type Session =
  | { readonly kind: "asking" }
  | { readonly kind: "unclaimed" }
  | { readonly kind: "stranger" }
  | { readonly kind: "unreachable"; readonly error: ApiError }
  | { readonly kind: "signed-in"; readonly me: Me };

/** After the stream was refused, asks whether the sign-in still holds; only a clear no leads to the sign-in page. */
function WatchSignIn(props: { readonly gone: () => void }) {
  const api = useApi();
  const { connection } = useLive();
  const lost = connection.kind === "lost";
  const { gone } = props;
  useEffect(() => {
    if (!lost) return undefined;
    const aborter = new AbortController();
    api.read<"me">("/me", aborter.signal).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 401) gone();
    });
    return () => aborter.abort();
  }, [api, lost, gone]);
  return null;
}

function tokenIn(hash: string, name: string): string {
  return new URLSearchParams(hash.replace(/^#/, "")).get(name) ?? "";
}

/** Who is signed in decides what is shown: the pages, the sign-in, or the claim of a server without an owner. */
export function Session() {
  const api = useApi();
  const { address, go } = usePlace();
  const [session, setSession] = useState<Session>({ kind: "asking" });

  const signedIn = useCallback(
    (me: Me) => {
      api.useCsrf(me.csrf);
      setSession({ kind: "signed-in", me });
    },
    [api],
  );
  const ask = useCallback(async (): Promise<void> => {
    try {
      const setup = await api.read<"setup">("/setup");
      if (!setup.claimed) setSession({ kind: "unclaimed" });
      else signedIn(await api.read<"me">("/me"));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (error.status === 401) setSession({ kind: "stranger" });
      else setSession({ kind: "unreachable", error });
    }
  }, [api, signedIn]);
  useEffect(() => void ask(), [ask]);

  const arrive = (me: Me, back: string): void => {
    signedIn(me);
    go(back, "replace");
  };
  const signOut = async (): Promise<void> => {
    await api.send<"signOut">("POST", "/sign-out", {});
    api.useCsrf(null);
    setSession({ kind: "stranger" });
    go(links.signIn("/"), "replace");
  };

  if (session.kind === "asking") return <Skeleton />;
  if (session.kind === "unreachable") {
    return (
      <main id="main">
        <Failed error={session.error} retry={() => void ask()} />
      </main>
    );
  }
  if (session.kind === "unclaimed") {
    return <ClaimPage claim={tokenIn(address.hash, "claim")} signedIn={(me) => arrive(me, "/")} />;
  }
  const invite = matchPath("/invite/:token", address.path)?.["token"] ?? tokenIn(address.hash, "link");
  if (invite !== "") return <LinkSignInPage link={invite} signedIn={(me) => arrive(me, "/")} />;
  const onSignIn = address.path === "/login" || address.path === "/welcome";
  if (session.kind === "stranger") {
    const here = `${address.path}${address.query.size === 0 ? "" : `?${address.query}`}${address.hash}`;
    const back = onSignIn ? safeReturn(address.query.get("back")) : here;
    return <SignInPage back={back} signedIn={(me) => arrive(me, back)} />;
  }
  let page: ReactNode = pageFor(onSignIn ? "/" : address.path, signOut);
  page = <Shell>{page}</Shell>;
  return (
    <MeContext value={session.me}>
      <Live>
        <WatchSignIn gone={() => setSession({ kind: "stranger" })} />
        {page}
      </Live>
    </MeContext>
  );
}
