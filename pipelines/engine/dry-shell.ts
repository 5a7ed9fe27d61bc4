/** The commands of a script, one a line; lines joined by a backslash are one. */
export function commandLines(script: string): string[] {
  return script
    .replace(/\\\r?\n/g, " ")
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

/**
 * What a plain `echo` would print; null for any other command. A dry run starts no process, but what a script says with
 * echo is known from its text and the environment.
 */
export function echoed(line: string, env: Readonly<Record<string, string>>): string | null {
  const match = /^echo(?:\s+(.*))?$/s.exec(line);
  if (match === null) return null;
  const words = expandedWords(match[1] ?? "", env);
  return words === null ? null : words.join(" ");
}

/** The exit code a script has for certain: that of `exit N`, `false` or `test -f FILE` standing alone; otherwise 0. */
export function certainExit(script: string, exists: (path: string) => boolean): number {
  for (const line of commandLines(script)) {
    const exit = /^exit\s+(\d+)$/.exec(line)?.[1];
    if (exit !== undefined) return Number(exit) % 256;
    if (line === "exit") return 0;
    if (line === "false") return 1;
    const file = /^(?:test -[ef] ([\w./-]+)|\[ -[ef] ([\w./-]+) \])$/.exec(line);
    if (file !== null && !exists(file[1] ?? file[2] ?? "")) return 1;
  }
  return 0;
}

/** Words with variables replaced; null when the line does more than that: pipes, substitutions, redirections. */
function expandedWords(text: string, env: Readonly<Record<string, string>>): string[] | null {
  const words: string[] = [];
  let word = "";
  let inWord = false;
  let quote = "";
  for (let i = 0; i < text.length; i += 1) {
    const c = text.charAt(i);
    if (quote === "'") {
      if (c === "'") quote = "";
      else word += c;
      continue;
    }
    if (c === "$") {
      const name = /^\$(?:\{(\w+)\}|([A-Za-z_]\w*))/.exec(text.slice(i));
      if (name === null) {
        if (/[({]/.test(text.charAt(i + 1))) return null;
        word += c;
      } else {
        word += env[name[1] ?? name[2] ?? ""] ?? "";
        i += name[0].length - 1;
      }
      inWord = true;
    } else if (c === "`") return null;
    else if (c === "\\") {
      const next = text.charAt((i += 1));
      word += quote === '"' && !'"\\$`'.includes(next) ? `\\${next}` : next;
      inWord = true;
    } else if (quote !== "") {
      if (c === quote) quote = "";
      else word += c;
    } else if (c === "'" || c === '"') {
      quote = c;
      inWord = true;
    } else if (/[|&;<>()]/.test(c)) return null;
    else if (/\s/.test(c)) {
      if (inWord) words.push(word);
      word = "";
      inWord = false;
    } else {
      word += c;
      inWord = true;
    }
  }
  if (inWord) words.push(word);
  return words;
}
