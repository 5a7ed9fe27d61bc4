const LINES = 200;
const STAGES = 300;

/** Times that the loop goes round, in both languages. */
export const LOOPS = 10_000;

/** A declarative file of 200 lines, as teams write them: stages with agents, scripts, conditions and post sections. */
export function longFile(): string {
  const stages: string[] = [];
  while ((stages.length + 1) * STAGE_LINES + FRAME_LINES <= LINES) stages.push(usualStage(stages.length));
  const spare = LINES - FRAME_LINES - stages.length * STAGE_LINES;
  return [
    "pipeline {",
    "  agent any",
    "  options { timestamps() }",
    "  environment { REGION = 'eu' }",
    "  stages {",
    ...stages,
    ...Array.from({ length: spare }, (_, at) => `    // remark ${at}`),
    "  }",
    "  post { always { echo 'over' } }",
    "}",
  ].join("\n");
}

const FRAME_LINES = 8;
const STAGE_LINES = 16;

function usualStage(at: number): string {
  return `    stage('Part ${at}') {
      when { anyOf { branch 'main'; expression { params.FORCE == 'yes' } } }
      environment { PART = "part-${at}" }
      steps {
        sh "make PART=\${PART} REGION=\${env.REGION}"
        script {
          def names = ['a', 'b', 'c'].collect { it.toUpperCase() + "-${at}" }
          for (name in names) {
            if (name.startsWith('A')) { echo "first: $name" } else { echo name }
          }
        }
        retry(3) { sh label: 'tests', script: 'make test' }
      }
      post { failure { echo "part ${at} failed" } }
    }
    // --`;
}

/** A declarative file with 300 stages of one step each. */
export function manyStages(): string {
  const stages = Array.from(
    { length: STAGES },
    (_, at) => `    stage('S${at}') { steps { echo 'at ${at}' } }`,
  );
  return ["pipeline {", "  agent any", "  stages {", ...stages, "  }", "}"].join("\n");
}

/** A loop of the kind that scripts have: a sum, a remainder, a list that grows, a map that counts. */
export const GROOVY_LOOP = `
def sum = 0
def seen = []
def counts = [:]
for (int i = 0; i < ${LOOPS}; i++) {
  def key = 'k' + (i % 10)
  counts[key] = (counts[key] ?: 0) + 1
  if (i % 3 == 0) { seen << key }
  sum += i
}
return sum + seen.size() + counts['k1']
`;

/** The same in JavaScript: the body of a function. */
export const JAVASCRIPT_LOOP = `
let sum = 0;
const seen = [];
const counts = {};
for (let i = 0; i < ${LOOPS}; i++) {
  const key = 'k' + (i % 10);
  counts[key] = (counts[key] || 0) + 1;
  if (i % 3 === 0) { seen.push(key); }
  sum += i;
}
return sum + seen.length + counts.k1;
`;
