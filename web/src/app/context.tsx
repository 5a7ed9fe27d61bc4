import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
  type ReactNode,
} from "react";
import type { ChangeEvent, LogAppended } from "../../../server/http/contract/events.ts";
import type { Me } from "../../../server/http/contract/people.ts";
import type { Api } from "../api/api.ts";
import { LiveStream, type Connection } from "../api/live.ts";
import type { Language } from "../texts/language.ts";
import type { Texts } from "../texts/en.ts";

/** How the page speaks. */
export interface Speech {
  readonly language: Language;
  readonly texts: Texts;
  readonly choose: (language: Language) => void;
}

/** What a part of the page that shows live data is told. */
export interface Watcher {
  changed?(event: ChangeEvent): void;
  appended?(event: LogAppended): void;
  missed?(): void;
}

interface LiveContextValue {
  readonly connection: Connection;
  readonly version: string | undefined;
  /** The server's clock minus this machine's. */
  readonly skewMs: number;
  readonly watch: (watcher: Watcher) => () => void;
  readonly followLog: (build: number, step: number) => () => void;
}

export const SpeechContext = createContext<Speech | undefined>(undefined);
export const ApiContext = createContext<Api | undefined>(undefined);
export const MeContext = createContext<Me | undefined>(undefined);
const LiveContext = createContext<LiveContextValue | undefined>(undefined);

function required<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} is used outside of its provider`);
  return value;
}

/** The language and its texts. */
export function useSpeech(): Speech {
  return required(useContext(SpeechContext), "speech");
}

/** The texts alone, which most parts need. */
export function useTexts(): Texts {
  return useSpeech().texts;
}

/** The API of the server. */
export function useApi(): Api {
  return required(useContext(ApiContext), "the API");
}

/** Who is signed in. */
export function useMe(): Me {
  return required(useContext(MeContext), "the person signed in");
}

/** The stream of changes. */
export function useLive(): LiveContextValue {
  return required(useContext(LiveContext), "the live stream");
}

/** Keeps one stream for the whole page, as long as somebody is signed in. */
export function Live(props: { readonly children: ReactNode }) {
  const watchers = useRef(new Set<Watcher>());
  const [connection, setConnection] = useState<Connection>({ kind: "connecting" });
  const [hello, setHello] = useState<{ skewMs: number; version: string | undefined }>({
    skewMs: 0,
    version: undefined,
  });
  const stream = useMemo(
    () =>
      new LiveStream({
        changed: (event) => watchers.current.forEach((watcher) => watcher.changed?.(event)),
        appended: (event) => watchers.current.forEach((watcher) => watcher.appended?.(event)),
        missed: () => watchers.current.forEach((watcher) => watcher.missed?.()),
        connection: setConnection,
        hello: (nowMs, version) => setHello({ skewMs: nowMs - Date.now(), version }),
      }),
    [],
  );
  useEffect(() => {
    stream.start();
    return () => stream.stop();
  }, [stream]);
  // These stay the same while the connection comes and goes: whoever watches must not begin anew with every event.
  const watch = useCallback((watcher: Watcher) => {
    watchers.current.add(watcher);
    return () => {
      watchers.current.delete(watcher);
    };
  }, []);
  const followLog = useCallback((build: number, step: number) => stream.followLog(build, step), [stream]);
  const value = useMemo<LiveContextValue>(
    () => ({ connection, ...hello, watch, followLog }),
    [connection, hello, watch, followLog],
  );
  return <LiveContext value={value}>{props.children}</LiveContext>;
}

/** How long the stream may be gone before the page says so and shuts what would decide on old data. */
const GRACE_MS = 3000;

/** Since when what is shown is no longer kept up to date, with the time of the data; undefined while it is. */
export function useStale(): { readonly asOfMs: number } | undefined {
  const { connection } = useLive();
  const sinceMs = connection.kind === "lost" ? connection.sinceMs : undefined;
  const [over, setOver] = useState(false);
  useEffect(() => {
    setOver(false);
    if (sinceMs === undefined) return undefined;
    const timer = window.setTimeout(() => setOver(true), Math.max(0, sinceMs + GRACE_MS - Date.now()));
    return () => window.clearTimeout(timer);
  }, [sinceMs]);
  return over && connection.kind === "lost" ? { asOfMs: connection.asOfMs } : undefined;
}

/** The server's time, moving on every second while the page is seen. */
export function useNow(): number {
  const { skewMs } = useLive();
  const [nowMs, setNowMs] = useState(() => Date.now());
  useEffect(() => {
    const tick = (): void => {
      if (!document.hidden) setNowMs(Date.now());
    };
    const timer = window.setInterval(tick, 1000);
    document.addEventListener("visibilitychange", tick);
    return () => {
      window.clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, []);
  return nowMs + skewMs;
}
