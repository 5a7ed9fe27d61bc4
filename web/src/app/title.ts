import { useEffect } from "react";

/** Says in the tab's title what page it is; the state's mark stands first, where a narrow tab still shows it. */
export function useTitle(title: string, mark = ""): void {
  useEffect(() => {
    document.title = `${mark === "" ? "" : `${mark} `}${title} · Sluice`;
  }, [title, mark]);
}
