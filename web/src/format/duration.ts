import type { Language } from "../texts/language.ts";

const UNITS = [
  { seconds: 86_400, en: "d", "zh-CN": "天" },
  { seconds: 3600, en: "h", "zh-CN": "小时" },
  { seconds: 60, en: "m", "zh-CN": "分钟" },
  { seconds: 1, en: "s", "zh-CN": "秒" },
] as const;

/** A length of time in its two largest units: `48s`, `3m 12s`, `2h 14m`, in Chinese `3分钟12秒`; below ten seconds one decimal, below a tenth in `ms`. */
export function formatDuration(ms: number, language: Language): string {
  const whole = Math.round(ms);
  if (whole > 0 && whole < 50) return `${whole}${language === "en" ? "ms" : "毫秒"}`;
  const tenths = Math.round(Math.max(0, ms) / 100);
  if (tenths < 100 && tenths % 10 !== 0)
    return `${(tenths / 10).toFixed(1)}${language === "en" ? "s" : "秒"}`;
  let rest = Math.round(Math.max(0, ms) / 1000);
  const largest = UNITS.findIndex((unit) => rest >= unit.seconds);
  if (largest === -1) return language === "en" ? "0s" : "0秒";
  const parts: string[] = [];
  for (const unit of UNITS.slice(largest, largest + 2)) {
    const count = Math.floor(rest / unit.seconds);
    rest -= count * unit.seconds;
    if (count > 0) parts.push(`${count}${unit[language]}`);
  }
  return parts.join(language === "en" ? " " : "");
}
