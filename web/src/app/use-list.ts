import { useEffect, useState } from "react";
import { useApi } from "./context.tsx";
import { useAct, type Act } from "./use-act.ts";

interface ListAnswer<Item> {
  readonly items: readonly Item[];
  readonly next: string | null;
}

/** The following pages of a list, below the first one, which stays live. */
export interface Following<Item> {
  readonly items: readonly Item[];
  readonly more: boolean;
  readonly load: () => Promise<void>;
  readonly act: Act;
}

/**
 * Loads the pages after the first. `ask` reads the page behind a cursor; a new `key` (another filter) forgets what was
 * loaded.
 */
export function useFollowing<Item>(
  key: string,
  first: ListAnswer<Item> | undefined,
  ask: (api: ReturnType<typeof useApi>, cursor: string) => Promise<ListAnswer<Item>>,
): Following<Item> {
  const api = useApi();
  const act = useAct();
  const [pages, setPages] = useState<{ items: readonly Item[]; next: string | null } | undefined>(undefined);
  useEffect(() => setPages(undefined), [key]);
  const next = pages === undefined ? (first?.next ?? null) : pages.next;
  const load = (): Promise<void> =>
    act.run(async () => {
      if (next === null) return;
      const page = await ask(api, next);
      setPages({ items: [...(pages?.items ?? []), ...page.items], next: page.next });
    });
  return { items: pages?.items ?? [], more: next !== null, load, act };
}
