import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { dry, said } from "./dry.ts";

describe("a scripted pipeline", () => {
  it("runs Groovy around steps, with functions, loops and try", () => {
    const result = dry(`
      def names = ['a', 'b']
      def say(text) { echo ">\${text}" }
      node('linux') {
        stage('Build') {
          for (n in names) { say(n + sh(script: "echo \${n}", returnStdout: true).trim()) }
        }
        try { sh 'false' } catch (e) { say(e.message) } finally { say('done') }
        def code = sh(script: 'exit 3', returnStatus: true)
        say(code)
        dir('sub') { say(pwd()) }
      }`);
    assert.deepEqual(said(result), [
      "aa",
      "bb",
      "script returned exit code 1",
      "done",
      "3",
      "/sluice/workspace/shop/main/sub",
    ]);
    assert.equal(result.end.result, "SUCCESS");
  });

  it("runs branches that share variables and gives their values", () => {
    const result = dry(`
      def seen = []
      def jobs = [:]
      for (int i = 0; i < 3; i++) { def n = i
        jobs["j\${n}"] = { sleep(3 - n)
          seen << n
          return n * 10 } }
      def values = parallel(jobs)
      echo ">\${seen} \${values}"`);
    assert.deepEqual(said(result), ["[2, 1, 0] [j0:0, j1:10, j2:20]"]);
  });

  it("ends with the exit code that nobody caught", () => {
    const result = dry("node { sh 'exit 4' }");
    assert.match(result.text, /ERROR: script returned exit code 4\nFinished: FAILURE$/);
    assert.deepEqual(result.end.reason, {
      code: "exit",
      fault: "command",
      text: "script returned exit code 4",
    });
    assert.equal(result.end.span?.line, 1);
  });

  it("waits until, retries, and counts a timeout inside a retry", () => {
    const result = dry(`
      int n = 0
      waitUntil { n++
        return n == 3 }
      int m = 0
      retry(2) { m++
        timeout(time: 5, unit: 'SECONDS') { if (m == 1) sleep 10 } }
      echo ">\${n} \${m}"`);
    assert.deepEqual(said(result), ["3 2"]);
  });

  it("builds, tags and pushes images under a registry", () => {
    const result = dry(`node { docker.withRegistry('https://registry.example.org:5000', 'reg') {
        def image = docker.build("shop/web:\${BUILD_NUMBER}", '-f Dockerfile.prod .')
        image.push()
        image.push('latest')
        image.inside('-u root') { sh 'make test' }
        echo ">\${image.id} \${image.imageName()}" } }`);
    assert.deepEqual(said(result), ["shop/web:7 registry.example.org:5000/shop/web:7"]);
    assert.match(
      result.text,
      /\+ docker build -t registry\.example\.org:5000\/shop\/web:7 -f Dockerfile\.prod \./,
    );
    assert.match(result.text, /\+ docker push registry\.example\.org:5000\/shop\/web:latest/);
    assert.match(result.text, /\[Pipeline\] withDockerContainer/);
  });

  it("reads and writes files and what is in them", () => {
    const result = dry(
      `node {
        writeFile file: 'a/b.txt', text: 'hello'
        echo ">\${readFile('a/b.txt')} \${fileExists('a/b.txt')} \${fileExists('nope')}"
        def j = readJSON text: '{"a": [1, 2.5, {"b": null}], "c": "x"}'
        echo ">\${j.a[0]} \${j.a[1]} \${j.c} \${writeJSON(json: j, returnText: true)}"
        def y = readYaml text: "a: 1\\nb: [x, y]\\n"
        echo ">\${y.a} \${y.b}"
        def p = readProperties text: "k=v\\n# no\\nl : w x"
        echo ">\${p.k} \${p.l}"
        writeYaml file: 'o.yml', data: [a: [1, 2]]
        echo ">\${readFile('o.yml').trim().replace('\\n', '|')}"
        checkout scm
        def f = load 'lib.groovy'
        echo ">\${f.twice(4)}"
        try { readFile 'none' } catch (java.nio.file.NoSuchFileException e) { echo '>missing' }
      }`,
      {},
      { "lib.groovy": "def twice(n) { return n * 2 }\nreturn this\n" },
    );
    assert.deepEqual(said(result), [
      "hello true false",
      '1 2.5 x {"a":[1,2.5,{"b":null}],"c":"x"}',
      "1 [x, y]",
      "v w x",
      "a:|  - 1|  - 2",
      "8",
      "missing",
    ]);
  });

  it("tells of itself and lets itself be named", () => {
    const result = dry(`
      currentBuild.displayName = "v\${currentBuild.number}"
      currentBuild.result = 'UNSTABLE'
      currentBuild.result = 'SUCCESS'
      echo ">\${currentBuild.displayName} \${currentBuild.currentResult} \${currentBuild.previousBuild} \${JOB_NAME} \${env.BRANCH_NAME}"`);
    assert.deepEqual(said(result), ["v7 UNSTABLE null shop/main main"]);
    assert.equal(result.end.result, "UNSTABLE");
    assert.equal(result.end.reason?.code, "result");
  });

  it("takes settings from properties", () => {
    const result = dry(`
      properties([parameters([string(name: 'A', defaultValue: 'one')]), pipelineTriggers([cron('H * * * *')]), buildDiscarder(logRotator(numToKeepStr: '5'))])
      echo ">\${params.A} \${A}"`);
    assert.deepEqual(said(result), ["one one"]);
  });

  it("rolls out to what the route says, and to nothing it does not", () => {
    const settings = {
      timeZone: "UTC",
      defaultLabel: null,
      environment: {},
      deployTo: ["hk"],
      mayDeployTo: ["hk"],
    };
    assert.deepEqual(said(dry('def d = deploy()\necho ">${d.state} ${d.environment}"', { settings })), [
      "planned hk",
    ]);
    const other = dry("deploy environment: 'us'", { settings });
    assert.match(other.text, /may not deploy to "us": the project's routes allow hk/);
    assert.equal(dry("deploy()", { settings, trusted: false }).end.result, "FAILURE");
  });

  it("ends a script that never stops, and nothing it wrote can catch that", () => {
    const result = dry(
      "try { while (true) { } } catch (Throwable e) { echo '>caught' } finally { echo '>finally' }",
    );
    assert.deepEqual(said(result), []);
    assert.equal(result.end.reason?.code, "limit");
    assert.equal(result.end.reason?.fault, "file");
    const flood = dry("while (true) { echo 'x' }");
    assert.equal(flood.end.reason?.code, "limit");
    assert.ok(flood.lines.length < 200_000, `${flood.lines.length} lines`);
  });

  it("takes classes, builders and whole pipelines from libraries", () => {
    const files = {
      "src/org/foo/Bar.groovy":
        'package org.foo\nclass Bar implements Serializable {\n def script\n Bar(script) { this.script = script }\n def hi(n) { script.echo ">hi ${n} ${script.env.JOB_NAME}" } }',
      "vars/pipe.groovy":
        "def call(Map c) { pipeline { agent any\n stages { stage('S') { steps { echo \">${c.name} ${other.name()}\" } } } } }",
      "vars/other.groovy": "def name() { 'other' }",
      "vars/settings.groovy":
        'def call(Closure body) { def config = [:]\n body.resolveStrategy = Closure.DELEGATE_FIRST\n body.delegate = config\n body()\n echo ">${config.a}" }',
    };
    const libraries = [{ name: "ours", version: "1", commit: "b".repeat(40), implicit: true, files }];
    const run = (text: string): string[] => said(dry(text, { libraries }));
    assert.deepEqual(run("@Library('ours') import org.foo.Bar\nnode { new Bar(this).hi(3) }"), [
      "hi 3 shop/main",
    ]);
    assert.deepEqual(run("pipe(name: 'N')"), ["N other"]);
    assert.deepEqual(run("settings { a = 5 }"), ["5"]);
  });

  it("shows what an interruption tells, and evaluates text", () => {
    const result = dry(`
      try { timeout(time: 1, unit: 'SECONDS') { sleep 5 } }
      catch (org.jenkinsci.plugins.workflow.steps.FlowInterruptedException e) {
        echo ">\${e.getCauses()[0].class.simpleName} \${e.result} \${e.causes[0].shortDescription}" }
      echo ">\${evaluate('1 + 1')}"
      throw new hudson.AbortException('final')`);
    assert.deepEqual(said(result), ["ExceededTimeout ABORTED Timeout has been exceeded", "2"]);
    assert.match(result.text, /ERROR: final\nFinished: FAILURE$/);
  });

  it("calls functions of shared libraries", () => {
    const library = {
      name: "ours",
      version: "1",
      commit: "b".repeat(40),
      implicit: false,
      files: {
        "vars/greet.groovy": 'def call(Map m) { echo ">hello ${m.who}"\n return 1 }\ndef twice(n) { n * 2 }',
        "resources/a.txt": "text",
      },
    };
    const result = dry(
      "@Library('ours') _\ngreet who: 'you'\necho \">${greet.twice(2)} ${libraryResource('a.txt')}\"",
      {
        libraries: [library],
      },
    );
    assert.deepEqual(said(result), ["hello you", "4 text"]);
  });
});
