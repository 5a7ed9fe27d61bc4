/** Which ground the page has; `system` follows the machine. */
export type Theme = "system" | "light" | "dark";

const KEY = "sluice.theme";

/** What this browser keeps under a name; nothing when storage is forbidden. */
export function stored(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps something in this browser where that is allowed. */
export function store(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Forbidden: the choice then holds until the page is closed.
  }
}

/** The theme chosen in this browser; `theme.js` applies it before the first paint. */
export function storedTheme(): Theme {
  const kept = stored(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

/** Applies a theme and keeps it. */
export function chooseTheme(theme: Theme): void {
  store(KEY, theme);
  if (theme === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = theme;
}
