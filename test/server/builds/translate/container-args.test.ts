import assert from "node:assert/strict";
import { describe, it } from "mocha";
import { readContainerArgs } from "../../../../server/builds/translate/container-args.ts";
import { readImageBuild } from "../../../../server/builds/translate/image-build-args.ts";

function read(line: string) {
  return readContainerArgs(line.split(" ").filter((word) => word !== ""));
}

describe("options of an agent", () => {
  it("are read with their values beside them, glued to them, or behind an equals sign", () => {
    const result = read(
      "-u 1000:1000 -m512m --cpus=1.5 --shm-size 1g -e A=b=c --env LANG=C --add-host db:10.0.0.2",
    );
    assert.ok(result.ok);
    assert.equal(result.args.user, "1000:1000");
    assert.equal(result.args.memoryBytes, 512 * 1024 * 1024);
    assert.equal(result.args.cpus, 1.5);
    assert.equal(result.args.shmBytes, 1024 ** 3);
    assert.deepEqual(result.args.extraHosts, ["db:10.0.0.2"]);
    assert.deepEqual(result.env, { A: "b=c", LANG: "C" });
  });

  it("that change nothing here are taken without a word", () => {
    assert.ok(read("--rm -it --init --name web --entrypoint=").ok);
  });

  for (const [line, says] of [
    ["--privileged", /never runs privileged/],
    ["-v /var/run/docker.sock:/var/run/docker.sock", /Docker socket is not handed to a build/],
    ["-v /etc:/etc", /a build sees its workspace only/],
    ["--network host", /network of its own/],
    ["--pid=host", /host's processes/],
    ["--cap-add SYS_ADMIN", /capability/],
    ["-p 80:80", /never reach the host/],
    ["-e HOME", /names no value/],
    ["-m lots", /no size/],
    ["--made-up", /not among the options/],
    ["--user", /value is missing/],
  ] as const)
    it(`are refused by name where they lead out of the session: ${line}`, () => {
      const result = read(line);
      assert.ok(!result.ok);
      assert.match(result.reason, says);
    });
});

describe("arguments of an image build", () => {
  it("are read as the command line reads them", () => {
    const words =
      "--pull --no-cache -f docker/Dockerfile.prod --build-arg A=1 --build-arg VERSION --target run docker".split(
        " ",
      );
    const result = readImageBuild("acme/web:1", words, { VERSION: "7" });
    assert.ok(result.ok);
    assert.deepEqual(
      { ...result.options },
      {
        context: "docker",
        dockerfile: "Dockerfile.prod",
        tags: ["acme/web:1"],
        buildArgs: { A: "1", VERSION: "7" },
        labels: {},
        target: "run",
        pull: true,
        noCache: true,
        network: "default",
        platform: null,
        cacheFrom: [],
      },
    );
  });

  it("without any mean the workspace and its Dockerfile", () => {
    const result = readImageBuild("a", [], {});
    assert.ok(result.ok);
    assert.equal(result.options.context, ".");
    assert.equal(result.options.dockerfile, "Dockerfile");
  });

  for (const [words, says] of [
    [["https://example.com/x.git"], /must be a folder of the workspace/],
    [["--network=host", "."], /network "host" is refused/],
    [["--secret", "id=x", "."], /not carried out here/],
    [["-f"], /value of -f is missing/],
  ] as const)
    it(`are refused in words: ${words.join(" ")}`, () => {
      const result = readImageBuild("a", words, {});
      assert.ok(!result.ok);
      assert.match(result.reason, says);
    });
});
