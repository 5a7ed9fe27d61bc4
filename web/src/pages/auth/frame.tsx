import type { ReactNode } from "react";
import { useSpeech } from "../../app/context.tsx";
import { Icon } from "../../parts/icon.tsx";

/** The bare frame of the pages before sign-in; the language can be changed here already. */
export function AuthFrame(props: { readonly children: ReactNode }) {
  const { texts, language, choose } = useSpeech();
  const other = language === "en" ? "zh-CN" : "en";
  return (
    <div className="bare">
      <main id="main">
        <div className="si">
          <p className="logo">
            <Icon name="logo" />
            {texts.product}
          </p>
          {props.children}
          <p className="meta foot-si">
            <button type="button" className="btn ghost" lang={other} onClick={() => choose(other)}>
              {texts.menu.languages[other]}
            </button>
          </p>
        </div>
      </main>
    </div>
  );
}
