import { Component, useCallback, useEffect, useMemo, useState, type ReactNode } from "react";
import { Api } from "../api/api.ts";
import { Sprite } from "../parts/sprite.tsx";
import { Location } from "../routing/location.tsx";
import type { Texts } from "../texts/en.ts";
import { chooseLanguage, type Language } from "../texts/language.ts";
import { ApiContext, SpeechContext } from "./context.tsx";
import { Session } from "./session.tsx";
import { store, stored } from "./theme.ts";

const LANGUAGE_KEY = "sluice.language";

async function load(language: Language): Promise<Texts> {
  if (language === "zh-CN") return (await import("../texts/zh-cn.ts")).zhCn;
  return (await import("../texts/en.ts")).en;
}

function firstLanguage(): Language {
  const kept = stored(LANGUAGE_KEY);
  return chooseLanguage(kept === null ? navigator.languages : [kept]);
}

/** Shows a plain sentence instead of an empty page when the page itself breaks. */
class Guard extends Component<{ readonly children: ReactNode }, { readonly broken: string | undefined }> {
  override state = { broken: undefined };

  static getDerivedStateFromError(error: unknown): { readonly broken: string } {
    return { broken: error instanceof Error ? error.message : String(error) };
  }

  override render(): ReactNode {
    if (this.state.broken === undefined) return this.props.children;
    return (
      <main>
        <h1>Sluice</h1>
        <p>This page broke. Our side; reloading may help. / 页面出错，这是我们的问题，可以尝试重新加载。</p>
        <pre tabIndex={0}>{this.state.broken}</pre>
        <p>
          <a href="/">Sluice</a>
        </p>
      </main>
    );
  }
}

/** The whole page: language, address, API, and what the person signed in may see. */
export function App() {
  const [language, setLanguage] = useState<Language>(firstLanguage);
  const [texts, setTexts] = useState<{ language: Language; texts: Texts } | undefined>(undefined);
  const api = useMemo(() => new Api(), []);
  useEffect(() => {
    let wanted = true;
    void load(language).then((loaded) => {
      if (wanted) setTexts({ language, texts: loaded });
    });
    return () => {
      wanted = false;
    };
  }, [language]);
  useEffect(() => {
    if (texts !== undefined) document.documentElement.lang = texts.language;
  }, [texts]);
  const choose = useCallback((next: Language) => {
    store(LANGUAGE_KEY, next);
    setLanguage(next);
  }, []);
  const speech = useMemo(() => (texts === undefined ? undefined : { ...texts, choose }), [texts, choose]);
  if (speech === undefined) return null;
  return (
    <Guard>
      <Sprite />
      <SpeechContext value={speech}>
        <ApiContext value={api}>
          <Location>
            <Session />
          </Location>
        </ApiContext>
      </SpeechContext>
    </Guard>
  );
}
