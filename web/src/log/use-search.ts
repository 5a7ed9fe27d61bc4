import { useEffect, useState } from "react";
import { useApi } from "../app/context.tsx";

/** Where the text searched for stands. */
export interface Search {
  readonly count: number;
  readonly lines: readonly number[];
}

const TYPING_MS = 250;

/** Searches the whole log on the server, once the reader stops typing. Undefined while nothing is searched or known. */
export function useSearch(build: number, step: number, query: string): Search | undefined {
  const api = useApi();
  const [found, setFound] = useState<{ query: string; search: Search } | undefined>(undefined);
  useEffect(() => {
    if (query === "") return undefined;
    const aborter = new AbortController();
    const timer = window.setTimeout(() => {
      const path = `/builds/${build}/steps/${step}/log/search?q=${encodeURIComponent(query)}&limit=1000`;
      api.read<"searchStepLog">(path, aborter.signal).then(
        (answer) =>
          setFound({ query, search: { count: answer.count, lines: answer.items.map((item) => item.line) } }),
        () => undefined, // The count stays away; the text typed can be searched again by typing on.
      );
    }, TYPING_MS);
    return () => {
      window.clearTimeout(timer);
      aborter.abort();
    };
  }, [api, build, step, query]);
  return found?.query === query && query !== "" ? found.search : undefined;
}
