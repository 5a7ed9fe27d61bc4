import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, it } from "mocha";
import { dockerForTests, engineAddress } from "../support/services/docker.ts";
import { temporaryFolder } from "../support/services/folder.ts";
import { busyboxImage } from "../support/services/images.ts";
import { type Child, runToEnd, startChild } from "../support/services/process.ts";
import { joinOrMakeSwarm } from "../support/services/swarm.ts";
import { until } from "../support/services/until.ts";

const SLUICE = join(import.meta.dirname, "../../bin/sluice.js");
const HEAD_AUTHOR = ["-c", "user.name=Ann", "-c", "user.email=ann@example.com"];

describe("sluice run", function () {
  this.timeout(180_000);
  let image = "";
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let trees = 0;

  before(async () => {
    image = await busyboxImage(dockerForTests());
    folder = await temporaryFolder("run");
  });
  after(async () => await folder.remove());

  /** A work tree with one commit of these files. */
  async function aTree(files: Readonly<Record<string, string>>): Promise<string> {
    const tree = await aFolder(files);
    await git(tree, "init", "--quiet", "--initial-branch=main");
    await git(tree, "add", "--all");
    await git(tree, ...HEAD_AUTHOR, "commit", "--quiet", "-m", "first");
    return tree;
  }

  async function aFolder(files: Readonly<Record<string, string>>): Promise<string> {
    trees += 1;
    const tree = join(folder.path, `shop-${trees}`);
    await mkdir(tree);
    for (const [name, text] of Object.entries(files)) await writeFile(join(tree, name), text);
    return tree;
  }

  /** A container runs this script, on a label that no runner has; `post` may follow. */
  function onAgent(script: string, more = ""): string {
    return `pipeline {
  agent { docker { image '${image}'; label 'gpu && huge' } }
  stages { stage('Test') { steps { ${script} } } }
  ${more}
}
`;
  }

  interface Ended {
    readonly code: number | null;
    readonly out: string;
  }

  async function start(tree: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Child> {
    return await startChild(process.execPath, [SLUICE, "run", ...args], {
      cwd: tree,
      env: { ...process.env, DOCKER_HOST: engineAddress(), ...env },
      deathSignal: "TERM",
    });
  }

  async function run(tree: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
    const child = await start(tree, args, env);
    const { code } = await child.exited;
    return { code, out: child.output() };
  }

  /** Runs it at a terminal of its own, where a person answers each question with the next line. */
  async function atTerminal(tree: string, answers: readonly string[]): Promise<Ended> {
    const command = `${process.execPath} ${SLUICE} run Jenkinsfile`;
    const terminal = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
      cwd: tree,
      env: { ...process.env, DOCKER_HOST: engineAddress() },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let out = "";
    let answered = 0;
    let read = 0;
    terminal.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
      const question = /(?:\[y\/n\]|\[because\]:) /gu;
      question.lastIndex = read;
      if (question.exec(out) === null) return;
      read = question.lastIndex;
      terminal.stdin.write(`${answers[answered] ?? ""}\n`);
      answered += 1;
    });
    const code = await new Promise<number | null>((resolve) => terminal.once("close", resolve));
    return { code, out };
  }

  /** Containers of this tree's runs. */
  async function leftOf(tree: string): Promise<string[]> {
    const docker = dockerForTests();
    const containers = await docker.listContainers({ all: true });
    const mounts = containers.filter((one) => one.Mounts.some((mount) => mount.Source.startsWith(tree)));
    return mounts.flatMap((one) => one.Names);
  }

  it("builds the tree as it stands and leaves index, refs and objects as they were", async () => {
    const tree = await aTree({
      Jenkinsfile: onAgent(`sh 'cat kept changed staged new; ls -a; echo at $GIT_COMMIT on $BRANCH_NAME'`),
      kept: "kept as it was\n",
      changed: "before\n",
      ".gitignore": "ignored\n",
    });
    await writeFile(join(tree, "changed"), "after\n");
    await writeFile(join(tree, "staged"), "staged only\n");
    await git(tree, "add", "staged");
    await writeFile(join(tree, "new"), "new here\n");
    await writeFile(join(tree, "ignored"), "not to be seen\n");
    await writeFile(join(tree, ".sluice.env"), "UNUSED=never in the tree\n");
    const index = await readFile(join(tree, ".git/index"));
    const objects = await git(tree, "count-objects", "-v");
    const head = (await git(tree, "rev-parse", "HEAD")).trim();

    const { code, out } = await run(tree, ["Jenkinsfile"], { ONLY_OF_THE_HOST: "1" });

    assert.equal(code, 0, out);
    for (const line of ["kept as it was", "after", "staged only", "new here", `at ${head} on main`])
      assert.ok(out.split("\n").includes(line), `${line}\n${out}`);
    for (const name of ["ignored", ".sluice.env", ".sluice"])
      assert.ok(!out.split("\n").includes(name), `${name}\n${out}`);
    assert.match(out, /^Finished: SUCCESS$/mu);
    assert.deepEqual(await readFile(join(tree, ".git/index")), index);
    assert.equal(await git(tree, "count-objects", "-v"), objects);
    assert.equal((await git(tree, "for-each-ref", "--format=%(refname)")).trim(), "refs/heads/main");
    assert.ok(!(await git(tree, "status", "--porcelain")).includes(".sluice/"));
    assert.deepEqual(await leftOf(tree), []);
  });

  it("gives parameters and variables, and nothing of the shell it was started in", async () => {
    const tree = await aTree({ Jenkinsfile: onAgent(`sh 'env | sort'`) });
    const args = ["--param", "WHO=a b", "--env", "REGION=north", "Jenkinsfile"];
    const { code, out } = await run(tree, args, { ONLY_OF_THE_HOST: "here" });
    assert.equal(code, 0, out);
    assert.match(out, /^WHO=a b$/mu);
    assert.match(out, /^REGION=north$/mu);
    assert.doesNotMatch(out, /ONLY_OF_THE_HOST|DOCKER_HOST/u);
  });

  it("ends with 1 where a step fails, after post has run", async () => {
    const tree = await aTree({
      Jenkinsfile: onAgent(`sh 'echo before; exit 7'`, "post { failure { echo 'it failed' } }"),
    });
    const { code, out } = await run(tree, ["Jenkinsfile"]);
    assert.equal(code, 1, out);
    assert.match(out, /^before$/mu);
    assert.match(out, /^it failed$/mu);
    assert.match(out, /script returned exit code 7/u);
    assert.match(out, /^Finished: FAILURE$/mu);
  });

  it("ends with 3 where the build is unstable, with 0 if that is allowed", async () => {
    const tree = await aTree({ Jenkinsfile: "stage('Look') { unstable 'almost' }\n" });
    assert.equal((await run(tree, ["Jenkinsfile"])).code, 3);
    assert.equal((await run(tree, ["--allow-unstable", "Jenkinsfile"])).code, 0);
  });

  it("gives secrets of .sluice.env and hides them in the console", async () => {
    const script = `withCredentials([string(credentialsId: 'TOKEN', variable: 'T'),
      usernamePassword(credentialsId: 'login', usernameVariable: 'U', passwordVariable: 'P')]) {
      sh 'echo "$T and $U with $P" | tee said; wc -c < said' }`;
    const tree = await aTree({
      Jenkinsfile: onAgent(script),
      ".sluice.env": `# of nobody else\nTOKEN="open sesame"\nlogin.username=ann\nlogin.password=abracadabra\n`,
    });
    const { code, out } = await run(tree, ["Jenkinsfile"]);
    assert.equal(code, 0, out);
    assert.match(out, /^\*\*\*\* and ann with \*\*\*\*$/mu);
    assert.match(out, /^37$/mu);
    assert.doesNotMatch(out, /open sesame|abracadabra/u);
    const later = await run(tree, ["--secrets", "none", "Jenkinsfile"]);
    assert.equal(later.code, 1);
    assert.match(later.out, /Could not find credentials entry with ID 'TOKEN'/u);
  });

  it("names the line of a secret that it cannot take, and ends with 78", async () => {
    const tree = await aTree({
      Jenkinsfile: "echo 'never'\n",
      ".sluice.env": "GOOD=long enough\nTINY=abc\nnonsense\n",
    });
    const { code, out } = await run(tree, ["Jenkinsfile"]);
    assert.equal(code, 78);
    assert.match(out, /\.sluice\.env:2: TINY:/u);
    assert.match(out, /\.sluice\.env:3: /u);
    assert.doesNotMatch(out, /abc\b/u);
  });

  it("ends with 75 at an input that nobody can be asked", async () => {
    const tree = await aTree({
      Jenkinsfile: "stage('Ship') { input message: 'Really ship?' }\necho 'shipped'\n",
    });
    const { code, out } = await run(tree, ["Jenkinsfile"]);
    assert.equal(code, 75, out);
    assert.match(out, /asks "Really ship\?" and nobody can be asked/u);
    assert.match(out, /--approve/u);
    assert.doesNotMatch(out, /^shipped$/mu);
  });

  it("approves the inputs that are named, with their defaults", async () => {
    const tree = await aTree({
      Jenkinsfile: `stage('Ship') {
  def where = input message: 'Where?', id: 'Where', parameters: [choice(name: 'TO', choices: ['north', 'south'])]
  echo "to \${where}"
}
stage('Check') { input 'Sure?' }
`,
    });
    const { code, out } = await run(tree, ["--approve", "Where", "--approve", "Check", "Jenkinsfile"]);
    assert.equal(code, 0, out);
    assert.match(out, /^to north$/mu);
  });

  it("only plans a deployment and says with what it was asked for", async () => {
    const tree = await aTree({
      Jenkinsfile: `def done = deploy(environment: 'production', images: [web: 'registry.example.com/shop:7'], env: [MODE: 'x'])
echo "\${done.state} \${done.release} \${done.deployment} \${done.images.web}"
`,
    });
    const { code, out } = await run(tree, ["Jenkinsfile"]);
    assert.equal(code, 0, out);
    assert.match(out, /deploy to production: only planned here/u);
    assert.match(out, /images: web=registry\.example\.com\/shop:7/u);
    assert.match(out, /env: MODE=x/u);
    assert.match(out, /^planned 0 null registry\.example\.com\/shop:7$/mu);
  });

  it("shows the plan of a deployment by a sluice.yml, and changes nothing", async () => {
    const docker = dockerForTests();
    const swarm = await joinOrMakeSwarm(docker);
    const name = `sluice-run-${process.pid}`;
    const service = await docker.createService({
      Name: name,
      TaskTemplate: { ContainerSpec: { Image: image } },
      Mode: { Replicated: { Replicas: 0 } },
    });
    try {
      const wanted = `registry.example.com/shop:7@sha256:${"ab".repeat(32)}`;
      const tree = await aTree({
        Jenkinsfile: `def done = deploy(environment: 'production', images: [web: '${wanted}'])
echo "\${done.state} \${done.images.web}"
deploy environment: 'elsewhere', images: [web: 'x']
`,
        "sluice.yml": `targets:
  here: { type: swarm, host: "${engineAddress()}" }
environments:
  production: { waves: [[here]], services: { web: ${name} } }
`,
      });
      const { code, out } = await run(tree, ["--config", "sluice.yml", "Jenkinsfile"]);
      assert.equal(code, 0, out);
      assert.ok(out.includes(`  wave 1: here, service ${name}\n    image ${image}`), out);
      assert.ok(out.includes(`-> ${wanted}\n`), out);
      assert.ok(out.split("\n").includes(`planned ${wanted}`), out);
      assert.match(out, /sluice\.yml has no environment "elsewhere"; it has: production/u);
      const now = await docker.getService(service.id).inspect();
      assert.equal(now.Spec.TaskTemplate.ContainerSpec.Image, image);
    } finally {
      await docker.getService(service.id).remove();
      await swarm.leave();
    }
  });

  it("begins with the stage that is named", async () => {
    const tree = await aTree({
      Jenkinsfile: `pipeline { agent none
  stages {
    stage('Build') { steps { echo 'was built' } }
    stage('Test') { steps { echo 'was tested' } }
  } }
`,
    });
    const { code, out } = await run(tree, ["--stage", "Test", "Jenkinsfile"]);
    assert.equal(code, 0, out);
    assert.match(out, /^was tested$/mu);
    assert.doesNotMatch(out, /^was built$/mu);
  });

  it("asks at a terminal, and takes no for an answer", async () => {
    const tree = await aTree({
      Jenkinsfile: `def said = input message: 'Go on?', parameters: [string(name: 'WHY', defaultValue: 'because')]
echo "why: \${said}"
`,
    });
    const yes = await atTerminal(tree, ["y", "it is time"]);
    assert.equal(yes.code, 0, yes.out);
    assert.match(yes.out, /^why: it is time\r?$/mu);
    const no = await atTerminal(tree, ["n"]);
    assert.equal(no.code, 6, no.out);
    assert.doesNotMatch(no.out, /^why:/mu);
  });

  it("builds the files of a folder that is no work tree", async () => {
    const tree = await aFolder({ Jenkinsfile: onAgent(`sh 'cat one'`), one: "just a file\n" });
    const { code, out } = await run(tree, ["Jenkinsfile"], { GIT_CEILING_DIRECTORIES: folder.path });
    assert.equal(code, 0, out);
    assert.match(out, /^just a file$/mu);
  });

  it("says where a file is wrong", async () => {
    const tree = await aTree({
      Jenkinsfile: "pipeline { agent any\n stages { stage('A') { steps { echo ' } } } }\n",
    });
    const { code, out } = await run(tree, ["Jenkinsfile"]);
    assert.equal(code, 1);
    assert.match(out, /WorkflowScript: 2:/u);
  });

  it("stops kindly at Ctrl-C, runs post, and leaves no container", async () => {
    const script = `sh 'echo begun; sleep 600'`;
    const tree = await aTree({ Jenkinsfile: onAgent(script, "post { aborted { echo 'stopped' } }") });
    const child = await start(tree, ["Jenkinsfile"]);
    await until("the step prints", () => /^begun$/mu.test(child.output()));
    process.kill(child.pid, "SIGINT");
    const { code } = await child.exited;
    assert.equal(code, 130, child.output());
    assert.match(child.output(), /^stopped$/mu);
    assert.match(child.output(), /^Finished: ABORTED$/mu);
    assert.deepEqual(await leftOf(tree), []);
  });

  it("stops when nobody reads it any more, and leaves no container", async () => {
    const tree = await aTree({ Jenkinsfile: onAgent(`sh 'while :; do echo more; sleep 1; done'`) });
    const pipe = `"${process.execPath}" "${SLUICE}" run Jenkinsfile | head -n 1`;
    const shell = await startChild("sh", ["-c", pipe], {
      cwd: tree,
      env: { ...process.env, DOCKER_HOST: engineAddress() },
    });
    await shell.exited;
    assert.match(shell.output(), /^Started by user/mu);
    assert.deepEqual(await leftOf(tree), []);
  });

  it("takes away what a run that was killed has left", async () => {
    const tree = await aTree({ Jenkinsfile: onAgent(`sh 'echo begun; [ -e quick ] || sleep 600'`) });
    const killed = await start(tree, ["Jenkinsfile"]);
    await until("the step prints", () => /^begun$/mu.test(killed.output()));
    const other = await run(tree, ["Jenkinsfile"]);
    assert.equal(other.code, 5, other.out);
    process.kill(killed.pid, "SIGKILL");
    await killed.exited;
    assert.equal((await leftOf(tree)).length, 1);
    await writeFile(join(tree, "quick"), "");
    const { code, out } = await run(tree, ["Jenkinsfile"]);
    assert.equal(code, 0, out);
    assert.deepEqual(await leftOf(tree), []);
  });

  it("ends with 69 where no engine answers", async () => {
    const tree = await aTree({ Jenkinsfile: "echo 'never'\n" });
    const { code, out } = await run(tree, ["Jenkinsfile"], { DOCKER_HOST: `unix://${tree}/no-socket` });
    assert.equal(code, 69);
    assert.match(out, /No Docker Engine answers/u);
    assert.ok(!(await readdir(tree)).includes(".sluice"));
  });
});

async function git(tree: string, ...args: string[]): Promise<string> {
  const env = { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", GIT_OPTIONAL_LOCKS: "0" };
  return await runToEnd("git", args, { cwd: tree, env });
}
