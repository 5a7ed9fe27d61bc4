/** The languages the page speaks. */
export type Language = "en" | "zh-CN";

/** The language for a list of wishes in order, as a browser gives them; English when none is spoken. */
export function chooseLanguage(wishes: readonly string[]): Language {
  for (const wish of wishes) {
    const base = wish.toLowerCase().split("-")[0];
    if (base === "zh") return "zh-CN";
    if (base === "en") return "en";
  }
  return "en";
}
