import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "mocha";
import { isError } from "../../../pipelines/diagnostic.ts";
import { cellName, cellsOf } from "../../../pipelines/model/cells.ts";
import { nearest } from "../../../pipelines/model/nearest.ts";
import { parsePipelineFile } from "../../../pipelines/model/parse-file.ts";
import { problemOfPattern } from "../../../pipelines/model/pattern.ts";
import type { Stage } from "../../../pipelines/model/pipeline.ts";
import { knownByName } from "../support/known-steps.ts";

const full = readFileSync(
  join(import.meta.dirname, "../../fixtures/jenkinsfiles/ok/declarative-in-full.jenkinsfile"),
  "utf8",
);

function messages(text: string): string[] {
  return parsePipelineFile(text, knownByName).diagnostics.map((diagnostic) => diagnostic.message);
}

function stageOf(body: string): string {
  return `pipeline { agent any\n stages { stage('a') {\n ${body}\n } } }`;
}

describe("a declarative pipeline", () => {
  it("may write 500 stages, wherever they stand, and is refused with one more", () => {
    const stage = (at: number): string => `stage('s${at}') { steps { echo 'a' } }`;
    const stages = (from: number, to: number): string =>
      Array.from({ length: to - from }, (_, at) => stage(from + at)).join("\n");
    const file = (count: number): string =>
      `pipeline { agent any\n stages { ${stages(0, 300)}\n stage('p') { parallel { ${stages(300, count - 1)} } } } }`;
    assert.deepEqual(messages(file(500)), []);
    assert.deepEqual(messages(file(501)), ["The pipeline has 501 stages, and no more than 500 are allowed"]);
  });

  it("is read with all its sections", () => {
    const { pipeline } = parsePipelineFile(full);
    assert.ok(pipeline);
    assert.equal(pipeline.agent.type, "label");
    assert.deepEqual(
      pipeline.environment.map((entry) => entry.name),
      ["REGISTRY", "IMAGE", "JOINED", "HUB", "SHA", "LEVEL"],
    );
    assert.equal(pipeline.environment[3]?.credentialsId?.kind, "StringLiteral");
    assert.deepEqual(pipeline.options.map((option) => option.name).slice(0, 3), [
      "buildDiscarder",
      "disableConcurrentBuilds",
      "timeout",
    ]);
    assert.deepEqual(
      pipeline.parameters[0]?.named.map((value) => value.name),
      ["name", "defaultValue", "description", "trim"],
    );
    assert.deepEqual(
      pipeline.triggers.map((trigger) => trigger.name),
      ["cron", "pollSCM", "upstream"],
    );
    assert.deepEqual(
      pipeline.tools.map((tool) => tool.type),
      ["maven", "jdk"],
    );
    assert.equal(pipeline.libraries.length, 1);
    assert.deepEqual(
      pipeline.post.map((block) => block.condition),
      ["always", "unsuccessful"],
    );
    assert.deepEqual(
      pipeline.stages.map((stage: Stage) => `${stage.name} ${stage.work.kind}`),
      ["构建 steps", "gate steps", "fork parallel", "old fork steps", "cells matrix"],
    );
    assert.equal(pipeline.stages[2]?.failFast, true);
  });

  it("keeps nested conditions and the flags of when", () => {
    const when = parsePipelineFile(full).pipeline?.stages[1]?.when;
    assert.ok(when);
    assert.deepEqual([when.beforeAgent, when.beforeInput, when.beforeOptions], [true, true, false]);
    const [any] = when.conditions;
    assert.ok(any?.kind === "nested" && any.name === "anyOf");
    assert.deepEqual(
      any.children.map((child) => (child.kind === "expression" ? "expression" : child.name)),
      ["branch", "tag", "not", "allOf", "equals", "buildingTag", "changeset", "triggeredBy", "changelog"],
    );
  });

  it("keeps the question of a stage", () => {
    const input = parsePipelineFile(full).pipeline?.stages[1]?.input;
    assert.equal(input?.submitterParameter?.kind, "StringLiteral");
    assert.deepEqual(
      input?.parameters.map((parameter) => parameter.name),
      ["string"],
    );
  });

  it("takes a value alone for the field that names the agent", () => {
    const { pipeline } = parsePipelineFile(
      "pipeline { agent { docker 'node:24' }\n stages { stage('a') { steps { echo 'a' } } } }",
    );
    assert.deepEqual(
      pipeline?.agent.fields.map((field) => field.name),
      ["image"],
    );
  });

  it("is found in a method call of a library file, several of them", () => {
    const one = "pipeline { agent any\n stages { stage('a') { steps { echo 'a' } } } }";
    const { pipelines, diagnostics } = parsePipelineFile(`def call(x) { if (x) { ${one} } else { ${one} } }`);
    assert.equal(pipelines.size, 2);
    assert.deepEqual(diagnostics, []);
  });

  it("is absent from a scripted file", () => {
    const { pipeline, diagnostics } = parsePipelineFile("node { sh 'make' }");
    assert.equal(pipeline, undefined);
    assert.deepEqual(diagnostics, []);
  });

  it("says the same thing of the same place once", () => {
    assert.deepEqual(messages("pipeline { agent any\n stages { stage('a') { steps { echo 1 } } } }"), [
      'Expecting "class java.lang.String" but got "1" of type class java.lang.Integer instead',
    ]);
  });

  it("names the nearest step for one that nobody knows, without refusing the file", () => {
    const { diagnostics } = parsePipelineFile(stageOf("steps { ehco 'a' }"), knownByName);
    assert.deepEqual(
      diagnostics.map((diagnostic) => [diagnostic.message, diagnostic.hint, isError(diagnostic)]),
      [["No such DSL method 'ehco' found among steps", "did you mean echo?", false]],
    );
  });

  it("takes a call for a function where the file or a library may have one", () => {
    assert.deepEqual(messages(`${stageOf("steps { ship 'a' }")}\ndef ship(x) { }`), []);
    assert.deepEqual(messages(`@Library('a') _\n${stageOf("steps { ship 'a' }")}`), []);
  });

  it("leaves values that are known only at run time alone", () => {
    assert.deepEqual(
      messages(stageOf('steps { timeout(time: params.T, unit: "${u}") { echo f(1) + 2 } }')),
      [],
    );
  });

  it("does not look into script blocks and expressions", () => {
    assert.deepEqual(
      messages(
        stageOf(
          "when { expression { stage('x'); def y = 1; y } }\n steps { script { a.b(); x = 1; stage('y') { } } }",
        ),
      ),
      [],
    );
  });
});

describe("what only Jenkins has", () => {
  it("gets a warning with the way out, and does not refuse the file", () => {
    const text = [
      "import jenkins.model.Jenkins",
      "import hudson.model.Result",
      "def a = currentBuild.rawBuild.getLog(5)",
      "def b = Jenkins.instance.items",
      "def c = new File('x').text",
      "def d = Result.SUCCESS",
      "def e = hudson.model.Result.FAILURE.toString()",
      "System.exit(1)",
      "def f = file.name + thread.id",
    ].join("\n");
    const { diagnostics } = parsePipelineFile(text, knownByName);
    assert.deepEqual(diagnostics.filter(isError), []);
    assert.deepEqual(
      diagnostics.map(({ span, message }) => `${span.line} ${message}`),
      [
        "1 Scripts not permitted to use jenkins.model.Jenkins",
        "3 Scripts not permitted to use rawBuild",
        "4 Scripts not permitted to use Jenkins.instance.items",
        "5 Scripts not permitted to use new File",
        "8 Scripts not permitted to use System.exit",
      ],
    );
  });
});

describe("an agent that only a cluster could start", () => {
  it("gets a warning with the way out, and does not refuse the file", () => {
    const text = `pipeline {
  agent { kubernetes { yamlFile 'pod.yml'; containerTemplate { name 'x'; image BASE + '/x' } } }
  stages { stage('a') { steps { echo 'a' } } }
}`;
    const { diagnostics } = parsePipelineFile(text, knownByName);
    assert.deepEqual(
      diagnostics.map(({ code, severity, span }) => [code, severity, span.line]),
      [["agent-kubernetes", "warning", 2]],
    );
  });
});

describe("the cells of a matrix", () => {
  const span = { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const axis = (name: string, ...values: string[]) => ({ name, values, span });
  const axes = [axis("OS", "linux", "windows"), axis("NODE", "22", "24")];

  it("vary the first axis fastest", () => {
    assert.deepEqual(cellsOf({ axes, excludes: [] }).map(cellName), [
      "Matrix - OS = 'linux', NODE = '22'",
      "Matrix - OS = 'windows', NODE = '22'",
      "Matrix - OS = 'linux', NODE = '24'",
      "Matrix - OS = 'windows', NODE = '24'",
    ]);
  });

  it("leave out those that match all axes of an exclude", () => {
    const excludes = [
      {
        axes: [
          { ...axis("OS", "windows"), isInverse: false },
          { ...axis("NODE", "24"), isInverse: true },
        ],
        span,
      },
    ];
    assert.deepEqual(
      cellsOf({ axes, excludes }).map((cell) => cell.map((part) => part.value).join(" ")),
      ["linux 22", "linux 24", "windows 24"],
    );
  });
});

describe("a regular expression", () => {
  it("is refused only for what no engine takes", () => {
    for (const good of [
      "a*",
      "(?i)x",
      "(?<n>a)\\k<n>",
      "[]a]",
      "[^\\]]+",
      "a{2,}",
      "\\Q*(\\E",
      "a|b",
      "^.*$",
      "a++",
    ]) {
      assert.equal(problemOfPattern(good), undefined, good);
    }
    for (const bad of ["*a", "(a", "a)", "[a", "a|+", "{x}", "\\"]) assert.ok(problemOfPattern(bad), bad);
  });
});

describe("the nearest word", () => {
  it("is fewest edits away", () => {
    assert.equal(nearest("tiem", ["unit", "time", "activity"]), "time");
    assert.equal(nearest("x", []), "");
  });
});
