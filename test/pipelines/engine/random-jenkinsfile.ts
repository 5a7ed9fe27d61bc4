/** Writes random Jenkinsfiles that use shared variables, parallel, failFast, timeout, retry, try and post. */
export function randomJenkinsfile(random: () => number): string {
  return random() < 0.5 ? scripted(random) : declarative(random);
}

const pick = (random: () => number, count: number): number => Math.floor(random() * count);

function scripted(random: () => number): string {
  return `def seen = []\nnode('x') {\n${statements(random, 1)}\n}\necho "end \${seen}"\n`;
}

function statements(random: () => number, depth: number): string {
  const lines: string[] = [];
  for (let i = 0; i <= pick(random, 3); i += 1) lines.push(statement(random, depth));
  return lines.join("\n");
}

function statement(random: () => number, depth: number): string {
  const kind = depth > 3 ? pick(random, 4) : pick(random, 11);
  const inner = (): string => statements(random, depth + 1);
  switch (kind) {
    case 0:
    case 1:
      return `seen << sh(script: "work \${seen.size()}", returnStdout: true)`;
    case 2:
      return `sh "go \${seen.join(',')}"`;
    case 3:
      return `seen.add('n' + seen.size()); echo "seen \${seen}"`;
    case 4:
      return `parallel(a: {\n${inner()}\n}, b: {\n${inner()}\n}, failFast: ${random() < 0.5})`;
    case 5:
      return `timeout(time: ${1 + pick(random, 9)}, unit: 'SECONDS') {\n${inner()}\n}`;
    case 6:
      return `retry(2) {\n${inner()}\n}`;
    case 7:
      return `try {\n${inner()}\n} catch (e) {\nseen << e.getClass().getSimpleName()\n} finally {\n${inner()}\n}`;
    case 8:
      return `catchError(stageResult: 'FAILURE') {\n${inner()}\n}`;
    case 9:
      return `for (int i${depth} = 0; i${depth} < 2; i${depth}++) {\nstage("s\${i${depth}}") {\n${inner()}\n}\n}`;
    default:
      return `withEnv(["V=\${seen.size()}"]) {\nsh "env \${env.V}"\n}`;
  }
}

function declarative(random: () => number): string {
  return `def seen = []\npipeline {\nagent { label 'x' }\nstages {\n${stages(random, 0, "s")}\n}\n${post(random)}\n}\n`;
}

function stages(random: () => number, depth: number, prefix: string): string {
  const lines: string[] = [];
  for (let i = 0; i <= pick(random, 3); i += 1) lines.push(stage(random, depth, `${prefix}${i}`));
  return lines.join("\n");
}

function stage(random: () => number, depth: number, name: string): string {
  const parts: string[] = [];
  if (random() < 0.2) parts.push(`when { expression { seen.size() % 2 == 0 } }`);
  if (random() < 0.2) parts.push(`options { timeout(time: ${1 + pick(random, 9)}, unit: 'SECONDS') }`);
  if (random() < 0.2) parts.push(`environment { A = "a\${seen.size()}" }`);
  if (random() < 0.3) parts.push(post(random));
  const kind = pick(random, depth > 1 ? 1 : 4);
  if (kind === 2) parts.push(`stages {\n${stages(random, depth + 1, `${name}g`)}\n}`);
  else if (kind === 3 && depth === 0)
    parts.push(`failFast ${random() < 0.5}\nparallel {\n${stages(random, depth + 2, `${name}p`)}\n}`);
  else parts.push(`steps {\nscript {\n${statements(random, 3)}\n}\n}`);
  return `stage('${name}') {\n${parts.join("\n")}\n}`;
}

function post(random: () => number): string {
  const condition =
    ["always", "failure", "success", "aborted", "cleanup", "unsuccessful"][pick(random, 6)] ?? "always";
  return `post { ${condition} { script {\n${statements(random, 3)}\n} } }`;
}
