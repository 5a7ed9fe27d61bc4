/** Writes small random Jenkinsfiles of everything a host must wait for: steps, sleeps, limits, gates and branches. */
export function randomBuild(random: () => number): string {
  const lines = [`def seen = []`];
  for (let i = 0; i <= pick(random, 2); i += 1) lines.push(`node('') {\n${statements(random, 1)}\n}`);
  if (random() < 0.3) lines.push(statement(random, 9));
  lines.push('echo "end ${seen}"');
  return `${lines.join("\n")}\n`;
}

const pick = (random: () => number, count: number): number => Math.floor(random() * count);

function statements(random: () => number, depth: number): string {
  const lines: string[] = [];
  for (let i = 0; i <= pick(random, 2); i += 1) lines.push(statement(random, depth));
  return lines.join("\n");
}

/** Below a certain depth only what holds no block; `9` stands outside of any agent. */
function statement(random: () => number, depth: number): string {
  const outside = depth === 9;
  const inner = (): string => statements(random, depth + 1);
  switch (pick(random, depth > 3 ? 5 : 10)) {
    case 0:
    case 1:
      return outside
        ? `seen << 'o'`
        : `seen << sh(script: "work \${seen.size()}", returnStdout: true).trim()`;
    case 2:
      return outside ? `echo "out \${seen}"` : `sh "go \${seen.join(',')}"`;
    case 3:
      return `sleep time: ${1 + pick(random, 3)}, unit: 'SECONDS'`;
    case 4:
      return `input 'Go on?'`;
    case 5:
      return `parallel(a: {\n${inner()}\n}, b: {\n${inner()}\n}, failFast: ${random() < 0.5})`;
    case 6:
      return `timeout(time: ${1 + pick(random, 5)}, unit: 'SECONDS') {\n${inner()}\n}`;
    case 7:
      return `retry(2) {\n${inner()}\n}`;
    case 8:
      return `try {\n${inner()}\n} catch (e) {\nseen << e.getClass().getSimpleName()\n}`;
    default:
      return `catchError(stageResult: 'FAILURE') {\n${inner()}\n}`;
  }
}
