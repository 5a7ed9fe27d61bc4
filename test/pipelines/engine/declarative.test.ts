import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { dry, said } from "./dry.ts";

describe("a declarative pipeline", () => {
  it("prints what Jenkins prints", () => {
    const { lines, end } = dry(
      `pipeline { agent any
        stages { stage('Build') { steps { echo 'hello'
          sh 'make' } } } }`,
      { hasScm: false },
    );
    assert.deepEqual(lines, [
      "Push to main by Ann",
      "[Pipeline] Start of Pipeline",
      "[Pipeline] node",
      "Running on dry-run in /sluice/workspace/shop/main",
      "[Pipeline] {",
      "[Pipeline] stage",
      "[Pipeline] { (Build)",
      "[Pipeline] echo",
      "hello",
      "[Pipeline] sh",
      "+ make",
      "[Pipeline] }",
      "[Pipeline] // stage",
      "[Pipeline] }",
      "[Pipeline] // node",
      "[Pipeline] End of Pipeline",
      "Finished: SUCCESS",
    ]);
    assert.deepEqual(end, { result: "SUCCESS", reason: null, span: null });
  });

  it("skips what follows a failure and runs post in Jenkins' order", () => {
    const result = dry(`pipeline { agent none
      stages {
        stage('One') { steps { error 'broken' }
        post { failure { echo '>one failed' }
        always { echo '>one always' } } }
        stage('Two') { steps { echo '>never' } }
      }
      post {
        cleanup { echo '>cleanup' }
        failure { echo ">failure \${currentBuild.result}" }
        success { echo '>success' }
        always { echo '>always' }
        unsuccessful { echo '>unsuccessful' }
      } }`);
    assert.deepEqual(said(result), [
      "one always",
      "one failed",
      "always",
      "unsuccessful",
      "failure FAILURE",
      "cleanup",
    ]);
    assert.match(result.text, /Stage "Two" skipped due to earlier failure\(s\)/);
    assert.match(result.text, /ERROR: broken\nFinished: FAILURE$/);
    assert.deepEqual(result.end.reason, { code: "error", fault: "command", text: "broken" });
  });

  it("says where a step needs an agent and there is none", () => {
    const result = dry(`pipeline { agent none
      stages { stage('One') { steps { sh 'make' } } } }`);
    assert.match(
      result.text,
      /Attempted to execute a step that requires a node context while ‘agent none’ was specified\./,
    );
    assert.equal(result.end.result, "FAILURE");
  });

  it("works out environment values in any order, the inner ones over the outer", () => {
    const result = dry(`pipeline { agent any
      environment { B = "\${A}b"
        A = 'a'
        PATH = "/x:\${PATH}"
        C = "\${UNKNOWN_NAME}" }
      stages {
        stage('One') {
          environment { A = 'inner' }
          steps { echo ">\${A} \${B} \${env.C} \${PATH}"
            withEnv(['B=with', 'PATH+Y=/y']) { echo ">\${B} \${env.PATH}" } }
        }
        stage('Two') { steps { script { env.A = 'set'
          env.D = 'd' }
          echo ">\${env.A} \${D}" } }
      } }`);
    assert.deepEqual(said(result), ["inner ab null /x:/bin", "with /y:/x:/bin", "a d"]);
  });

  it("asks when before, and after, the agent", () => {
    const result = dry(
      `pipeline { agent none
      stages {
        stage('Branch') { when { branch 'ma*' }
        steps { echo '>branch' } }
        stage('Other') { when { beforeAgent true
          branch 'develop' }
        agent { label 'big' }
        steps { echo '>other' } }
        stage('Late') { agent { label 'late' }
          when { expression { false } }
        steps { echo '>late' }
        post { always { echo '>post' } } }
        stage('Nested') { when { anyOf { buildingTag()
          not { environment name: 'X', value: 'y' } } }
        steps { echo '>nested' } }
        stage('All') { when { allOf { branch 'main'
          equals expected: 1, actual: '1' } }
        steps { echo '>all' } }
      } }`,
      { hasScm: false },
    );
    assert.deepEqual(said(result), ["branch", "nested"]);
    assert.doesNotMatch(result.text, /Running on big/);
    assert.match(result.text, /Running on late/);
    assert.match(result.text, /Stage "Late" skipped due to when conditional/);
  });

  it("runs branches side by side and stops them at the first failure with failFast", () => {
    const result = dry(`pipeline { agent none
      stages {
        stage('All') { failFast true
          parallel {
            stage('Slow') { steps { sleep 60
              echo '>slow' }
        post { aborted { echo '>slow aborted' } } }
            stage('Bad') { steps { sleep 1
              error 'bad' } }
          }
          post { failure { echo '>all failed' } } }
        stage('After') { steps { echo '>after' } }
      } }`);
    assert.deepEqual(said(result), ["slow aborted", "all failed"]);
    assert.match(result.text, /Failed in branch Bad/);
    assert.equal(result.end.result, "FAILURE");
  });

  it("makes the cells of a matrix, the first axis fastest, without those excluded", () => {
    const result = dry(`pipeline { agent none
      stages { stage('M') { matrix {
        axes { axis { name 'OS'
            values 'linux', 'mac' }
          axis { name 'DB'
            values 'pg', 'lite' } }
        excludes { exclude { axis { name 'OS'
            values 'mac' }
          axis { name 'DB'
            notValues 'pg' } } }
        stages { stage('T') { steps { echo ">\${OS} \${DB}" } } }
      } } } }`);
    assert.deepEqual(said(result).toSorted(), ["linux lite", "linux pg", "mac pg"]);
    assert.match(result.text, /\{ \(Matrix - OS = 'mac', DB = 'pg'\)/);
  });

  it("interrupts what takes too long, and runs post after it", () => {
    const result = dry(`pipeline { agent none
      options { timeout(time: 1, unit: 'MINUTES') }
      stages { stage('One') { steps { sleep 300
        echo '>never' }
        post { aborted { echo '>aborted' } } } } }`);
    assert.deepEqual(said(result), ["aborted"]);
    assert.match(result.text, /Timeout set to expire in 1 min 0 sec/);
    assert.match(result.text, /Cancelling nested steps due to timeout/);
    assert.equal(result.end.result, "ABORTED");
    assert.equal(result.end.reason?.code, "timeout");
  });

  it("says what it does not install, and goes on with what the agent has", () => {
    const result = dry(`pipeline { agent any
      tools { maven 'M3' }
      stages { stage('One') { steps { withMaven(maven: 'M3') { sh 'mvn verify' } } } } }`);
    assert.match(
      result.text,
      /WARNING: maven "M3" is not installed.*WARNING: withMaven is passed over.*\+ mvn verify/s,
    );
    assert.match(result.text, /Finished: SUCCESS/);
  });

  it("tries a stage again", () => {
    const result = dry(`int n = 0
      pipeline { agent none
      stages { stage('One') { options { retry(3) }
        steps { script { n++
        echo ">try \${n}"
        if (n < 3) error 'again' } } } } }`);
    assert.deepEqual(said(result), ["try 1", "try 2", "try 3"]);
    assert.equal(result.end.result, "SUCCESS");
  });

  it("gives parameters, their defaults and their variables", () => {
    const result = dry(
      `def early = params.WHO
      pipeline { agent none
      parameters { string(name: 'WHO', defaultValue: 'you')
        booleanParam(name: 'LOUD', defaultValue: true)
        choice(name: 'SIZE', choices: ['s', 'm']) }
      stages { stage('One') { steps { echo ">\${early} \${params.WHO} \${WHO} \${params.LOUD.getClass().simpleName} \${env.SIZE}" } } } }`,
      { parameters: { WHO: "me" } },
    );
    assert.deepEqual(said(result), ["me me me Boolean s"]);
  });

  it("goes on after catchError, and post of the stage sees the warning", () => {
    const result = dry(`pipeline { agent none
      stages {
        stage('One') { steps { catchError(buildResult: 'UNSTABLE', stageResult: 'FAILURE') { error 'x' }
          echo '>on' }
        post { failure { echo '>stage failed' }
        success { echo '>stage good' } } }
        stage('Two') { steps { unstable 'shaky' }
        post { unstable { echo '>two unstable' } } }
      }
      post { unstable { echo '>unstable' } } }`);
    assert.deepEqual(said(result), ["on", "stage failed", "two unstable", "unstable"]);
    assert.equal(result.end.result, "UNSTABLE");
  });

  it("starts again at a stage and skips those before", () => {
    const text = `pipeline { agent none
      stages { stage('A') { steps { echo '>a' } }
        stage('B') { when { isRestartedRun() }
        steps { echo '>b' } } } }`;
    assert.deepEqual(said(dry(text)), ["a"]);
    const again = dry(text, { restartFrom: "B" });
    assert.deepEqual(said(again), ["b"]);
    assert.match(again.text, /Stage "A" skipped due to this build restarting at stage "B"/);
  });

  it("covers the values of secrets wherever it prints", () => {
    const result = dry(`pipeline { agent any
      environment { TOKEN = credentials('token') }
      stages { stage('One') { steps { echo ">\${TOKEN} in \${env.TOKEN}x"
        withCredentials([usernamePassword(credentialsId: 'reg', usernameVariable: 'U', passwordVariable: 'P')]) { echo ">\${U} \${P}" } } } } }`);
    assert.deepEqual(said(result), ["**** in ****x", "dry-run-reg-username ****"]);
  });

  it("asks its input before the agent, and the answers are variables", () => {
    const result = dry(`pipeline { agent none
      stages { stage('Ask') { input { message 'Go?'
        ok 'Yes'
        parameters { string(name: 'WHERE', defaultValue: 'here') } }
        steps { echo ">\${WHERE}" } } } }`);
    assert.deepEqual(said(result), ["here"]);
    assert.match(result.text, /Go\?\nInput requested\nApproved by dry-run/);
  });

  it("reports a wrong file with line and column, and runs nothing", () => {
    const result = dry("pipeline {\n  agent any\n  stages {\n  }\n}\n");
    assert.match(result.text, /WorkflowScript: 3: No stages specified @ line 3, column 3\./);
    assert.equal(result.end.reason?.code, "invalid_file");
    assert.equal(result.end.reason?.fault, "file");
    assert.doesNotMatch(result.text, /Start of Pipeline/);
  });

  it("names the nearest step, and what to use instead of one that is not here", () => {
    const slip = dry("node { ehco 'x' }");
    assert.match(slip.text, /No such DSL method 'ehco' found among steps \[.*did you mean echo\?/s);
    const other = dry("node { withAWS { sh 'aws' } }");
    assert.match(other.text, /withAWS of Jenkins is not available; bind AWS_ACCESS_KEY_ID/);
    assert.equal(other.end.reason?.fault, "file");
  });
});
