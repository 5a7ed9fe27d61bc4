import assert from "node:assert/strict";
import { describe, it } from "mocha";
import type { Begin } from "../../../pipelines/ports.ts";
import { Stepped } from "../engine/stepped.ts";

const READY = { id: "1", digest: null, env: { HOME: "/root" }, ports: {} };

function requestOf(begin: Begin): string {
  const { request } = begin;
  if (request.kind === "container")
    return `container ${request.container.source.kind === "image" ? request.container.source.image : ""} ${request.container.args.join(" ")} ${JSON.stringify(request.container.env)}`;
  return request.kind === "exec" ? `exec in ${request.container}` : request.kind;
}

describe("a podTemplate", () => {
  it("gives a node of its label containers beside any agent, each started once", () => {
    const build = new Stepped(`
      podTemplate(label: 'pod-1', cloud: 'east', containers: [
        containerTemplate(name: 'go', image: 'golang:1', ttyEnabled: true, command: 'cat', envVars: [envVar(key: 'A', value: 'b')]),
      ], volumes: [hostPathVolume(hostPath: '/var/run/docker.sock', mountPath: '/var/run/docker.sock'), emptyDirVolume(mountPath: '/cache')]) {
        node('pod-1') {
          container('go') { sh 'one' }
          container('go') { sh 'two' }
          container('jnlp') { sh 'three' }
        }
        node('other') { }
      }`);
    const [node] = build.open;
    assert.ok(node?.request.kind === "session" && node.request.label === null);
    build.grant();
    assert.match(build.text, /the volume at \/cache is left out/);
    const [first] = build.open;
    assert.ok(first);
    assert.equal(
      requestOf(first),
      'container golang:1 -v /var/run/docker.sock:/var/run/docker.sock {"A":"b"}',
    );
    build.answer("withDockerContainer", READY);
    const inside = build.open.map(requestOf);
    assert.notDeepEqual(inside, ["exec in main"]);
    build.answer("sh", { exit: 0 });
    assert.deepEqual(build.open.map(requestOf), inside, "the same container again");
    build.answer("sh", { exit: 0 });
    assert.deepEqual(build.open.map(requestOf), ["exec in main"]);
    build.answer("sh", { exit: 0 });
    const [other] = build.open;
    assert.ok(other?.request.kind === "session" && other.request.label === "other");
    build.grant();
    assert.equal(build.end?.result, "SUCCESS", build.text);
  });

  it("reads the containers of a pod in YAML, and says which there are where another is entered", () => {
    const build = new Stepped(`
      podTemplate(yaml: '''
        spec:
          containers:
          - { name: go, image: "golang:1", env: [{ name: A, value: "1" }] }
          volumes:
          - { name: cache, emptyDir: {} }
      ''') { node(POD_LABEL) { container('rust') { sh 'x' } } }`).grant();
    assert.equal(build.end?.result, "FAILURE");
    assert.match(build.text, /the volume cache is left out/);
    assert.match(build.text, /there is no container "rust" here: there are go/);
  });

  it("is missed by name where a container is entered without one", () => {
    const build = new Stepped("node { container('go') { sh 'x' } }").grant();
    assert.match(build.text, /no podTemplate is around.*docker\.image/);
  });
});
