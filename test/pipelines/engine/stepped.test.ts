import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { abortError, interruption } from "../../../pipelines/engine/stored-errors.ts";
import { Stepped } from "./stepped.ts";

const CANCELLED = interruption("ABORTED", "cancelled");

describe("an engine", () => {
  it("numbers effects by flow and count, and says all that the host needs", () => {
    const build = new Stepped(
      "node('big') { parallel(a: { sh 'one' }, b: { withEnv(['X=1']) { dir('d') { sh script: 'two', label: 'second' } } }) }",
    );
    build.grant();
    assert.deepEqual(
      build.begins.map(({ id, n }) => [id, n]),
      [
        ["0:1", 1],
        ["0.2-0:1", 2],
        ["0.2-1:1", 3],
      ],
    );
    const [session, , second] = build.begins;
    assert.equal(session?.request.kind === "session" && session.request.label, "big");
    assert.ok(second?.request.kind === "exec");
    assert.equal(second.request.session, "0:1");
    assert.equal(second.request.cwd, "/sluice/src/d");
    assert.equal(second.request.env["X"], "1");
    assert.equal(second.request.env["PATH"], "/bin");
    assert.equal(second.request.env["WORKSPACE"], "/sluice/src");
    assert.equal(second.request.label, "second");
    assert.deepEqual(second.request.command, { script: "two" });
    assert.equal(second.policy, "reattach");
    assert.equal(second.span.line, 1);
    build.answer("sh", { exit: 0 }).answer("sh", { exit: 0 });
    assert.deepEqual(build.leaves, [{ kind: "session", id: "0:1" }]);
    assert.equal(build.end?.result, "SUCCESS");
  });

  it("gives each catalogue step its number, effect or not, and keeps its log's place", () => {
    const build = new Stepped("node { echo 'a'\nsh 'b' }").grant().answer("sh", { exit: 0 });
    const steps = new Map(
      build.marks.flatMap((mark) => (mark.kind === "step" ? [[mark.stepNo, mark.name]] : [])),
    );
    assert.deepEqual(
      [...steps],
      [
        [1, "node"],
        [2, "echo"],
        [3, "sh"],
      ],
    );
    assert.deepEqual(
      build.marks.map((mark) => mark.no),
      build.marks.map((_, index) => index + 1),
    );
    assert.ok(build.marks.some((mark) => mark.kind === "log" && mark.stepNo === 3));
  });

  it("hands an abort to what is waiting, and cleans up undisturbed", () => {
    const build = new Stepped("node { try { sh 'work' } finally { sh 'clean' } }").grant().abort(1);
    assert.deepEqual(
      build.cancels.map(({ id }) => id),
      ["0:2"],
    );
    assert.deepEqual(build.waiting, ["sh"]);
    build.answer("sh", { exit: 0 });
    assert.deepEqual(
      build.begins.map(({ id }) => id),
      ["0:1", "0:2", "0:3"],
    );
    build.answer("sh", { exit: 0 });
    assert.equal(build.end?.result, "ABORTED");
    assert.deepEqual(build.end?.reason, { code: "aborted", fault: "person", text: "Aborted by ann" });
    assert.match(build.text, /Aborted by ann\nFinished: ABORTED$/);
  });

  it("waits for nobody when it is aborted again, and begins nothing any more", () => {
    const build = new Stepped("node { try { sh 'work' } finally { sh 'clean' } }")
      .grant()
      .abort(1)
      .answer("sh", { exit: 1 })
      .abort(2);
    assert.deepEqual(build.closes, ["0:3"]);
    assert.equal(build.end?.result, "ABORTED");
    assert.deepEqual(build.leaves, [{ kind: "session", id: "0:1" }]);
  });

  it("drops what ends after nobody waits for it", () => {
    const build = new Stepped("timeout(1) { input 'go?' }\necho 'on'");
    assert.deepEqual(build.waiting, ["timeout", "input"]);
    assert.deepEqual(build.find("input").timers, ["0:1"]);
    build.answer("input", { by: "ann", values: {} });
    assert.deepEqual(build.closes, ["0:1"]);
    assert.equal(build.end?.result, "SUCCESS");
  });

  it("lets the timer that fired interrupt its block, whatever the block was waiting for", () => {
    const build = new Stepped(
      "try { timeout(1) { parallel(a: { input 'a?' }, b: { input 'b?' }) } } catch (e) { echo \"caught ${e.causes[0].shortDescription}\" }",
    );
    build.answer("timeout", null);
    assert.equal(build.cancels.length, 2);
    build.fail("input", CANCELLED);
    assert.deepEqual(build.waiting, ["input"]);
    build.fail("input", CANCELLED);
    assert.match(build.text, /caught Timeout has been exceeded/);
    assert.equal(build.end?.result, "SUCCESS");
  });

  it("throws the outer of two limits that fired together", () => {
    const build = new Stepped(
      "timeout(2) { try { timeout(1) { input 'x' } } catch (e) { echo 'swallowed' } \n input 'y' }",
    );
    const [outer, inner] = build.open;
    assert.ok(outer && inner);
    build.answer("timeout", null); // the outer one comes first in the list
    build.answer("timeout", null);
    build.fail("input", CANCELLED);
    assert.match(build.text, /swallowed/);
    assert.deepEqual(build.waiting, ["input"]);
  });

  it("takes a lost agent anew when nothing outward had happened on it", () => {
    const lost = { ...abortError("the runner is gone", { code: "agent_lost" }), fault: "sluice" as const };
    const build = new Stepped("node { sh 'a' }").grant().fail("sh", lost);
    assert.deepEqual(build.waiting, ["node"]);
    assert.deepEqual(build.leaves, [{ kind: "session", id: "0:1" }]);
    build.grant().fail("sh", lost);
    assert.equal(build.end?.result, "FAILURE");
    assert.deepEqual(build.end?.reason, { code: "agent_lost", fault: "sluice", text: "the runner is gone" });
  });

  it("takes an agent anew that Docker stopped, and not one whose command ended its container", () => {
    const gone = { class: "org.jenkinsci.plugins.workflow.steps.AgentOfflineException" };
    const stopped = {
      ...abortError("stopped", { code: "docker_daemon" }),
      ...gone,
      fault: "sluice" as const,
    };
    const head = { changes: ["docker-loses-agents"] };
    const build = new Stepped("node { sh 'a' }", head).grant().fail("sh", stopped);
    assert.deepEqual(build.waiting, ["node"]);
    const old = new Stepped("node { sh 'a' }").grant().fail("sh", stopped);
    assert.equal(old.end?.result, "FAILURE", "a journal of before this change replays as it was");
    const ended = { ...abortError("ended", { code: "container_gone" }), ...gone, fault: "command" as const };
    assert.equal(new Stepped("node { sh 'a' }", head).grant().fail("sh", ended).end?.result, "FAILURE");
  });

  it("does not run a block again in which a message was sent or another build was started", () => {
    const lost = abortError("the runner is gone", { code: "agent_lost" });
    for (const [name, step] of [
      ["mail", "mail to: 'a@b.example', subject: 's', body: 'b'"],
      ["build", "build job: 'other', wait: false"],
    ] as const) {
      const build = new Stepped(`node { ${step}\nsh 'a' }`).grant().answer(name, null).fail("sh", lost);
      assert.equal(build.end?.result, "FAILURE", step);
    }
  });

  it("shows stages as they go, and branches below them", () => {
    const build = new Stepped("stage('S') { parallel(a: { input 'a?' }, b: { error 'bad' }) }");
    assert.deepEqual(build.stages, { S: "running", a: "running", b: "failed" });
    build.answer("input", { by: "ann", values: {} });
    assert.deepEqual(build.stages, { S: "failed", a: "succeeded", b: "failed" });
  });

  it("says of a gate all that a person must see", () => {
    const build = new Stepped(
      "def a = input(id: 'go', message: 'Go?', ok: 'Yes', submitter: 'ann, ops', submitterParameter: 'BY', parameters: [choice(name: 'WHERE', choices: ['x', 'y'])])\necho \"${a.WHERE} by ${a.BY}\"",
    );
    const { request } = build.find("input");
    assert.ok(request.kind === "gate");
    assert.deepEqual(request.submitters, ["ann", "ops"]);
    assert.equal(request.id, "Go");
    assert.deepEqual(request.parameters[0]?.choices, ["x", "y"]);
    build.answer("input", { by: "ann", values: { WHERE: "y" } });
    assert.match(build.text, /y by ann/);
  });

  it("keeps secrets out of hashes and marks, and hands them on by reference", () => {
    const text =
      "node { withCredentials([string(credentialsId: 'tok', variable: 'T')]) { sh \"use ${T}\" } }";
    const bound = (value: string) => [
      {
        secret: "tok",
        version: 3,
        kind: "string",
        variables: [{ name: "T", part: "text", path: null, value, masked: true }],
      },
    ];
    const one = new Stepped(text).grant().answer("credentials", bound("first"));
    const two = new Stepped(text).grant().answer("credentials", bound("second"));
    const [a, b] = [one.find("sh"), two.find("sh")];
    assert.equal(a.argsHash, b.argsHash);
    assert.ok(a.request.kind === "exec");
    assert.equal(a.request.env["T"], undefined);
    assert.deepEqual(a.request.secrets, [
      {
        binding: "0:2",
        secret: "tok",
        version: 3,
        kind: "string",
        variables: [{ name: "T", part: "text", path: null }],
      },
    ]);
    assert.deepEqual(a.request.command, { script: "use first" });
    assert.ok(!JSON.stringify(one.marks).includes("first"));
  });

  it("starts a docker agent, its checkout and its container in one begin", () => {
    const build = new Stepped(
      "pipeline { agent { docker { image 'ruby:3'\nargs '-u root'\nlabel 'big' } }\nstages { stage('A') { steps { sh 'x' } } } }",
    );
    const { request } = build.find("node");
    assert.ok(request.kind === "session");
    assert.deepEqual(request.container?.source, { kind: "image", image: "ruby:3" });
    assert.deepEqual(request.container?.args, ["-u", "root"]);
    assert.equal(request.label, "big");
    assert.equal(request.checkout?.url, null);
    assert.equal(build.begins.length, 1);
  });
});
