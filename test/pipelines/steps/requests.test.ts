import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Request, Stored } from "../../../pipelines/ports.ts";
import { Stepped } from "../engine/stepped.ts";

/** What a step asks the host for when it runs in an agent. */
function asked(step: string): Request {
  const build = new Stepped(`node { ${step} }`).grant();
  const [begin] = build.open;
  assert.ok(begin, `${step} asks for nothing: ${build.text}`);
  return begin.request;
}

const RESULTS: readonly [string, Stored, RegExp][] = [
  [
    "echo \"got ${junit('*.xml').failCount}\"",
    { total: 5, failed: 2, skipped: 1, durationMs: 3 },
    /2 of 5 tests failed\n.*got 2.*Finished: UNSTABLE$/s,
  ],
  [
    "def r = httpRequest('http://a.example')\necho \"got ${r.status} ${r.content}\"",
    { status: 200, content: "hi", headers: {} },
    /Response Code: 200.*got 200 hi/s,
  ],
  [
    "httpRequest 'http://a.example'",
    { status: 500, content: "", headers: {} },
    /Status code 500 is not in the accepted range: 100:399/,
  ],
  ["lock('db') { echo 'mine' }", { resources: ["db"] }, /Lock acquired on \[db\].*mine.*Lock released/s],
  ["lock(resource: 'db', skipIfLocked: true) { echo 'mine' }", null, /skipping the block/],
  ["throttle(['a', 'b']) { echo 'my turn' }", null, /my turn/],
  [
    "echo \"got ${nodesByLabel('linux').join('+')}\"",
    ["east", "west"],
    /Found a total of 2 nodes with the 'linux' label\n.*got east\+west/s,
  ],
  [
    "echo \"got ${nodesByLabel(label: 'mac', offline: true).size()}\"",
    [],
    /Could not find any nodes with 'mac' label\n.*got 0/s,
  ],
  [
    "echo \"got ${waitForBuild('other#4').result}\"",
    { number: 4, result: "FAILURE", projectName: "other" },
    /Waiting for other#4 to complete\n.*got FAILURE/s,
  ],
  [
    "try { waitForBuild(runId: 'other#4', propagate: true) } catch (e) { echo \"caught ${e.message}\" }",
    { number: 4, result: "UNSTABLE", projectName: "other" },
    /caught other #4 completed with status UNSTABLE/,
  ],
  [
    "def b = build job: 'other', propagate: false\necho \"got ${b.result} ${b.number}\"",
    { number: 3, result: "FAILURE", projectName: "other", displayName: "#3" },
    /got FAILURE 3/,
  ],
  [
    "build job: 'other'",
    { number: 3, result: "UNSTABLE", projectName: "other", displayName: "#3" },
    /other #3 completed with status UNSTABLE.*Finished: UNSTABLE$/s,
  ],
  ['echo "got ${checkout(scm).GIT_COMMIT}"', { env: { GIT_COMMIT: "abc" } }, /got abc/],
  [
    "for (f in findFiles(glob: '*')) { echo \"got ${f.name} ${f}\" }",
    [{ name: "b", path: "a/b", directory: false, length: 1, lastModified: 0 }],
    /got b a\/b/,
  ],
  [
    "echo \"got ${waitForImage(image: 'a', tag: 't').digest}\"",
    { image: "a:t", digest: "sha256:1" },
    /got sha256:1/,
  ],
  ["echo \"got ${sh(script: 'x', returnStdout: true)}|\"", { exit: 0, out: "text\n" }, /got text\n\|/],
];

describe("a step", () => {
  it("asks the host for exactly what was written", () => {
    const stash = asked("dir('out') { stash name: 's', includes: '**/*.js' }");
    assert.deepEqual(stash, {
      kind: "blob",
      session: "0:1",
      dir: "/sluice/src/out",
      op: "stash",
      name: "s",
      includes: "**/*.js",
      excludes: "",
      defaultExcludes: true,
      allowEmpty: false,
    });
    const mail = asked("mail to: 'a@x.example, b@x.example', subject: 'S', body: 'B', mimeType: 'text/html'");
    assert.ok(mail.kind === "message" && mail.channel === "mail");
    assert.deepEqual(mail.to, ["a@x.example", "b@x.example"]);
    assert.equal(mail.html, true);
    const mailed = asked(
      "emailext to: 'cc:c@x.example', subject: '${JOB_NAME} #$BUILD_NUMBER', body: 'b', recipientProviders: [developers(), [$class: 'CulpritsRecipientProvider']]",
    );
    assert.ok(mailed.kind === "message" && mailed.channel === "mail");
    assert.deepEqual(
      [mailed.subject, mailed.cc, mailed.providers],
      ["shop/main #7", ["c@x.example"], ["developers", "culprits"]],
    );
    const http = asked(
      "httpRequest url: 'http://a.example', httpMode: 'POST', contentType: 'APPLICATION_JSON', customHeaders: [[name: 'X', value: 'y']], requestBody: '{}'",
    );
    assert.ok(http.kind === "http");
    assert.deepEqual(http.headers, [
      { name: "X", value: "y" },
      { name: "Content-Type", value: "application/json" },
    ]);
  });

  it("reads a checkout's settings as Jenkins does", () => {
    const git = asked(
      "checkout([$class: 'GitSCM', branches: [[name: '*/dev']], userRemoteConfigs: [[url: 'https://f.example/r.git', credentialsId: 'c']], extensions: [[$class: 'CloneOption', shallow: true, depth: 3, noTags: true], [$class: 'RelativeTargetDirectory', relativeTargetDir: 'sub'], submodule(recursiveSubmodules: true)]])",
    );
    assert.ok(git.kind === "checkout");
    assert.deepEqual(
      { ...git.scm },
      {
        url: "https://f.example/r.git",
        credential: "c",
        sha: null,
        ref: "dev",
        dir: "sub",
        depth: 3,
        tags: false,
        submodules: "recursive",
        lfs: false,
        sparse: [],
        localBranch: null,
        clean: false,
      },
    );
    const own = asked("dir('x') { checkout scm }");
    assert.ok(own.kind === "checkout");
    assert.deepEqual([own.scm.url, own.scm.dir], [null, "x"]);
  });

  it("asks for every kind of secret by its parts", () => {
    const request = asked(
      "withCredentials([string(credentialsId: 'a', variable: 'A'), usernamePassword(credentialsId: 'b', usernameVariable: 'U', passwordVariable: 'P'), file(credentialsId: 'c', variable: 'F'), sshUserPrivateKey(credentialsId: 'd', keyFileVariable: 'K'), [$class: 'StringBinding', credentialsId: 'e', variable: 'E']]) { sh 'x' }",
    );
    assert.ok(request.kind === "read" && request.op === "credentials");
    assert.deepEqual(request.wanted, [
      { secret: "a", kind: "string", variables: { text: "A" } },
      { secret: "b", kind: "usernamePassword", variables: { username: "U", password: "P" } },
      { secret: "c", kind: "file", variables: { file: "F" } },
      { secret: "d", kind: "sshUserPrivateKey", variables: { key: "K" } },
      { secret: "e", kind: "string", variables: { text: "E" } },
    ]);
  });

  it("asks for what locks, turns, runners and other builds are wanted", () => {
    const lock = asked(
      "lock(label: 'phones', quantity: 2, extra: [[resource: 'desk'], [label: 'chairs']]) { }",
    );
    assert.ok(lock.kind === "lock");
    assert.deepEqual(
      [lock.resources, lock.labels],
      [
        ["desk"],
        [
          { label: "phones", quantity: 2 },
          { label: "chairs", quantity: 0 },
        ],
      ],
    );
    assert.deepEqual(asked("throttle(categories: ['a', 'b', 'a']) { }"), {
      kind: "throttle",
      categories: ["a", "b"],
    });
    assert.deepEqual(asked("nodesByLabel 'linux && !arm'"), {
      kind: "read",
      op: "nodes",
      label: "linux && !arm",
      offline: false,
    });
    assert.deepEqual(asked("waitForBuild runId: 'mill#3', propagateAbort: true"), {
      kind: "signal",
      op: "build",
      runId: "mill#3",
      stops: true,
    });
  });

  it("says to a lock by label which resources it got", () => {
    const build = new Stepped(
      "lock(label: 'phones', quantity: 1, variable: 'P') { echo \"mine: ${env.P} ${P0}\" }",
    );
    build.answer("lock", { resources: [] });
    const [held] = build.open;
    assert.ok(held?.request.kind === "read" && held.request.op === "held");
    build.answer("lock", ["a2"]);
    assert.match(build.text, /Lock acquired on \[a2\]\n.*mine: a2 a2/s);
    assert.equal(build.end?.result, "SUCCESS");
  });

  it("brings archived files of the build that is meant", () => {
    const meant = (more: string): unknown => {
      const request = asked(`copyArtifacts(projectName: 'mill/dev', filter: '**/*.zip, a.txt'${more})`);
      assert.ok(request.kind === "read" && request.op === "artifacts");
      assert.deepEqual([request.job, request.includes], ["mill/dev", "**/*.zip, a.txt"]);
      return request.selector;
    };
    const latest = (results: readonly string[], needs = "nothing") => ({ kind: "latest", results, needs });
    const ended = ["SUCCESS", "UNSTABLE", "FAILURE", "ABORTED", "NOT_BUILT"];
    for (const [more, selector] of [
      ["", latest(["SUCCESS"])],
      [", selector: lastSuccessful()", latest(["SUCCESS", "UNSTABLE"])],
      [", selector: lastSuccessful(stable: true)", latest(["SUCCESS"])],
      [", selector: [$class: 'StatusBuildSelector', stable: false]", latest(["SUCCESS", "UNSTABLE"])],
      [", selector: lastWithArtifacts()", latest(ended, "files")],
      [", selector: latestSavedBuild()", latest(ended, "keep")],
      [", selector: permalink('lastFailedBuild')", latest(["FAILURE"])],
      [", selector: specific('12')", { kind: "number", number: 12 }],
      [", selector: specific(buildNumber: 12)", { kind: "number", number: 12 }],
      [", selector: upstream(fallbackToLastSuccessful: true)", { kind: "upstream", orLatest: true }],
      [", selector: [$class: 'TriggeredBuildSelector']", { kind: "upstream", orLatest: false }],
    ] as const)
      assert.deepEqual(meant(more), selector, more);

    const build = new Stepped(
      "node { dir('x') { copyArtifacts projectName: 'mill', target: 'got', flatten: true, appendSrcNumberToTarget: true, parameters: 'A=1, B=two' } }",
    ).grant();
    const { request } = build.find("copyArtifacts");
    assert.ok(request.kind === "read" && request.op === "artifacts");
    assert.deepEqual(request.parameters, { A: "1", B: "two" });
    const files = [
      { path: "out/a.zip", blob: "aa", bytes: 1 },
      { path: "b.zip", blob: "bb", bytes: 2 },
    ];
    build.answer("copyArtifacts", { build: { id: 77, project: "mill", number: 5 }, files });
    assert.deepEqual(build.find("copyArtifacts").request, {
      kind: "blob",
      session: "0:1",
      dir: "/sluice/src/x/got/5",
      op: "fetch",
      build: 77,
      files: [
        { path: "a.zip", blob: "aa" },
        { path: "b.zip", blob: "bb" },
      ],
    });
    build.answer("copyArtifacts", { files: 2, bytes: 3 });
    assert.match(build.text, /Copied 2 artifacts from "mill" build number 5/);

    const none = { build: null, files: [] };
    const empty = { build: { id: 1, project: "mill", number: 5 }, files: [] };
    for (const [answer, words] of [
      [none, /Unable to find a build for artifact copy from: mill/],
      [empty, /Failed to copy artifacts from mill with filter: \*\.x/],
    ] as const)
      for (const [more, result] of [
        ["", "FAILURE"],
        [", optional: true", "SUCCESS"],
      ] as const) {
        const lacking = new Stepped(
          `node { copyArtifacts projectName: 'mill', filter: '*.x'${more} }`,
        ).grant();
        lacking.answer("copyArtifacts", answer);
        assert.match(lacking.text, words);
        assert.equal(lacking.end?.result, result);
      }
  });

  it("gives what a block prints to the files of tee, in its own session", () => {
    const build = new Stepped(
      "node { dir('x') { tee('a.log') { echo 'one'\n tee('/sluice/tmp/b.log') { sh 'two' }\n sh 'three' } }\n echo 'four' }",
    ).grant();
    const [one] = build.open;
    assert.ok(one?.request.kind === "file" && one.request.op === "write");
    assert.deepEqual(
      [one.request.path, one.request.text, one.request.append],
      ["/sluice/src/x/a.log", "one\n", true],
    );
    build.answer("echo", null);
    for (const tees of [["/sluice/src/x/a.log", "/sluice/tmp/b.log"], ["/sluice/src/x/a.log"]]) {
      const [sh] = build.open;
      assert.ok(sh?.request.kind === "exec");
      assert.deepEqual(sh.request.tees, tees);
      build.answer("sh", { exit: 0 });
    }
    assert.equal(build.end?.result, "SUCCESS");
    assert.match(build.text, /four/);
  });

  it("gives git the program that answers with a secret", () => {
    const build = new Stepped(
      "node { withCredentials([gitUsernamePassword(credentialsId: 'forge', gitToolName: 'Default')]) { sh 'git push' }\n sh 'after' }",
    ).grant();
    const [read] = build.open;
    assert.ok(read?.request.kind === "read" && read.request.op === "credentials");
    assert.deepEqual(read.request.wanted, [
      {
        secret: "forge",
        kind: "usernamePassword",
        variables: { username: "GIT_USERNAME", password: "GIT_PASSWORD" },
      },
    ]);
    build.answer("credentials", []);
    const env = (): unknown => {
      const [sh] = build.open;
      assert.ok(sh?.request.kind === "exec");
      return [sh.request.env["GIT_ASKPASS"], sh.request.env["GIT_TERMINAL_PROMPT"]];
    };
    assert.deepEqual(env(), ["/.sluice/bin/askpass", "false"]);
    build.answer("sh", { exit: 0 });
    assert.deepEqual(env(), [undefined, undefined]);
  });

  it("makes of an answer what scripts expect", () => {
    for (const [step, answer, expected] of RESULTS) {
      const build = new Stepped(`node { ${step} }`).grant();
      const [begin] = build.open;
      assert.ok(begin, step);
      build.answer(begin.name, answer);
      assert.match(build.text, expected, step);
    }
  });

  it("refuses arguments in words", () => {
    const refused: readonly [string, RegExp][] = [
      ["sh script: 'x', returnStdout: true, returnStatus: true", /cannot be asked for at once/],
      ["sh()", /Missing required parameter: "script"/],
      ["echo 'a', 'b'", /Expected named arguments but got \[a, b\]/],
      ["timeout('soon') { }", /"time" must be a whole number, not "soon"/],
      ["writeFile file: 'x', text: { }", /closure/],
      ["withEnv(['A']) { }", /"A" is not of the form NAME=value/],
      [
        "withCredentials([certificate(credentialsId: 'x', keystoreVariable: 'K')]) { }",
        /a binding "certificate" is not known here; keep the keystore as a secret of type file/,
      ],
      ["bat 'dir'", /Batch scripts can only be run on Windows nodes/],
      ["parallel(a: 1)", /"a" is neither a closure nor failFast/],
      ["parallel(a: { milestone 1 })", /milestone step inside parallel is not allowed/],
      ["throttle([]) { }", /throttle: categories takes names/],
      ["lock(label: 'a', resource: 'b') { }", /label and resource name cannot be specified simultaneously/],
      ["lock(extra: ['a']) { }", /extra takes maps/],
      ["copyArtifacts(projectName: 'a', selector: workspace())", /the selector "workspace" is not available/],
      [
        "copyArtifacts(projectName: 'a', selector: specific('x'))",
        /specific takes the number of a build, not "x"/,
      ],
      ["copyArtifacts(projectName: 'a', parameters: 'x')", /parameters takes pairs like A=1,B=2, not "x"/],
      ["withAWS(region: 'x') { }", /withAWS of Jenkins is not available; bind/],
      ["tool 'magic'", /nobody knows which program the tool "magic" is: say its type/],
    ];
    for (const [step, expected] of refused) {
      const build = new Stepped(`node { ${step} }`).grant();
      assert.equal(build.end?.result, "FAILURE", `${step}: ${build.waiting.join()}`);
      assert.match(build.text, expected, step);
    }
  });

  it("is found by the class it had of old, and reports nobody reads are passed over", () => {
    const junit = asked("step([$class: 'JUnitResultArchiver', testResults: 'a.xml'])");
    assert.ok(junit.kind === "file" && junit.op === "junit");
    assert.equal(junit.includes, "a.xml");
    const jacoco = new Stepped("node { jacoco()\ngitlabCommitStatus('x') { echo 'inside' } }").grant();
    assert.match(jacoco.text, /WARNING: jacoco is passed over.*inside/s);
    assert.equal(jacoco.end?.result, "SUCCESS");
  });

  it("keeps an ssh-agent for its block", () => {
    const build = new Stepped("node { sshagent(['deploy-key']) { sh 'git push' } }").grant();
    const key = {
      name: "SLUICE_SSH_KEY_0",
      part: "key",
      path: "/.sluice/s/in/f/k",
      value: "/.sluice/s/in/f/k",
      masked: false,
    };
    build.answer("credentials", [
      { secret: "deploy-key", version: 1, kind: "sshUserPrivateKey", variables: [key] },
    ]);
    build.answer("sshagent", {
      exit: 0,
      out: "SSH_AUTH_SOCK=/tmp/a; export SSH_AUTH_SOCK;\nSSH_AGENT_PID=7; export SSH_AGENT_PID;\n",
    });
    const add = build.find("sshagent").request;
    assert.ok(add.kind === "exec");
    assert.equal(add.secrets.length, 1);
    build.answer("sshagent", { exit: 0, out: "" });
    const push = build.find("sh").request;
    assert.ok(push.kind === "exec");
    assert.equal(push.env["SSH_AUTH_SOCK"], "/tmp/a");
    assert.deepEqual(push.secrets, []);
    build.answer("sh", { exit: 1 });
    build.answer("sshagent", { exit: 0, out: "" });
    assert.equal(build.end?.result, "FAILURE");
  });

  it("goes on without keys that are not there where it is told so", () => {
    const missing = {
      $: "error" as const,
      class: "hudson.AbortException",
      message: "Could not find credentials entry with ID 'gone'",
      code: "secret_gone",
      causes: [],
    };
    const build = new Stepped(
      "node { sshagent(credentials: ['gone'], ignoreMissing: true) { sh 'x' } }",
    ).grant();
    build.fail("credentials", missing);
    build.answer("credentials", []);
    build.answer("sshagent", { exit: 0, out: "SSH_AUTH_SOCK=/tmp/a;\n" });
    build.answer("sh", { exit: 0 });
    build.answer("sshagent", { exit: 0, out: "" });
    assert.match(build.text, /Could not find credentials entry with ID 'gone'; going on without it/);
    assert.equal(build.end?.result, "SUCCESS");
    const strict = new Stepped("node { sshagent(['gone']) { sh 'x' } }").grant();
    strict.fail("credentials", missing);
    assert.equal(strict.end?.result, "FAILURE");
  });

  it("copies a kept file to where it is wanted, and takes it away after the block", () => {
    const build = new Stepped(
      "node { dir('app') { configFileProvider([configFile(fileId: 'maven', variable: 'SETTINGS', targetLocation: 'conf/s.xml'), configFile(fileId: 'npm', targetLocation: 'etc/')]) { sh 'mvn' } } }",
    ).grant();
    const bound = (name: string, path: string) => ({
      secret: name,
      version: 1,
      kind: "file",
      variables: [{ name, part: "file", path, value: path, masked: false }],
    });
    build.answer("credentials", [
      bound("SLUICE_FILE_0", "/.sluice/s/in/f/1.1.file/settings.xml"),
      bound("SLUICE_FILE_1", "/.sluice/s/in/f/2.1.file/npmrc"),
    ]);
    const targets = ["/sluice/src/app/conf/s.xml", "/sluice/src/app/etc/npmrc"];
    for (const target of targets) {
      const copy = build.find("configFileProvider").request;
      assert.ok(copy.kind === "exec" && "argv" in copy.command);
      assert.equal(copy.command.argv.at(-1), target);
      assert.equal(copy.secrets.length, 2);
      build.answer("configFileProvider", { exit: 0 });
    }
    const sh = build.find("sh").request;
    assert.ok(sh.kind === "exec");
    assert.equal(sh.env["SETTINGS"], targets[0]);
    build.answer("sh", { exit: 1 });
    for (const target of targets) {
      const remove = build.find("configFileProvider").request;
      assert.ok(remove.kind === "file" && remove.op === "delete");
      assert.equal(remove.dir, target);
      build.answer("configFileProvider", null);
    }
    assert.equal(build.end?.result, "FAILURE");

    const refused = new Stepped(
      "node { configFileProvider([configFile(fileId: 'npm', targetLocation: 'conf')]) { sh 'x' } }",
    ).grant();
    refused.answer("credentials", [bound("SLUICE_FILE_0", "/.sluice/s/in/f/2.1.file/npmrc")]);
    refused.answer("configFileProvider", { exit: 1 });
    assert.equal(refused.end?.result, "FAILURE", "what stands there already is not taken away");
  });

  it("deletes what patterns name, folders too where it is told so", () => {
    const paths = ["out/a.txt", "lib/out/deep/b.txt", "keep/out/c.txt", "outer.txt"];
    const found = paths.map((path) => ({ name: path, path, directory: false, length: 1, lastModified: 1 }));
    const deleted = (more: string): unknown => {
      const build = new Stepped(
        `node { cleanWs(${more}patterns: [[pattern: '**/out, **/outer.txt', type: 'INCLUDE'], [pattern: 'keep/**', type: 'EXCLUDE']]) }`,
      ).grant();
      const find = build.find("cleanWs").request;
      assert.ok(find.kind === "file" && find.op === "find");
      assert.equal(find.excludes, "keep/**");
      build.answer("cleanWs", found.slice(0, 2).concat(found.slice(3)));
      const rm = build.find("cleanWs").request;
      assert.ok(rm.kind === "exec" && "argv" in rm.command);
      return [find.includes, rm.command.argv.slice(3)];
    };
    assert.deepEqual(deleted("deleteDirs: true, "), [
      "**/out,**/outer.txt,**/out/**,**/outer.txt/**",
      ["/sluice/src/out", "/sluice/src/lib/out", "/sluice/src/outer.txt"],
    ]);
    assert.deepEqual(deleted(""), [
      "**/out,**/outer.txt",
      ["/sluice/src/out/a.txt", "/sluice/src/lib/out/deep/b.txt", "/sluice/src/outer.txt"],
    ]);
  });

  it("starts another build after its quiet period, and archives as of old", () => {
    const build = new Stepped("build job: 'other', quietPeriod: 5, wait: false");
    const wait = build.find("build").request;
    assert.ok(wait.kind === "timer" && wait.afterMs === 5000);
    build.answer("build", null);
    assert.equal(build.find("build").request.kind, "build");
    const old = asked("archive includes: 'a/**', excludes: '*.tmp'");
    assert.ok(old.kind === "blob" && old.op === "archive");
    assert.deepEqual([old.includes, old.excludes, old.allowEmpty], ["a/**", "*.tmp", true]);
  });

  it("warns of parameters it does not have, and goes on", () => {
    const build = new Stepped("echo message: 'x', colour: 'red'");
    assert.match(build.text, /WARNING: Unknown parameter\(s\) found for step 'echo': colour/);
    assert.equal(build.end?.result, "SUCCESS");
  });
});
