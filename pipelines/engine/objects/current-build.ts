import type { Flow, Eventual } from "../../interpreter/flow.ts";
import { HostObject, type CallArguments } from "../../interpreter/host.ts";
import { notPermitted, type Site } from "../../interpreter/thrown.ts";
import { ListValue, LongValue, MapValue, type Value } from "../../interpreter/values.ts";
import type { ReadRequest } from "../../ports.ts";
import { isWorse, resultNamed, worst } from "../build-state.ts";
import type { Run } from "../build.ts";
import { changeSetsOf } from "./change-sets.ts";
import { OtherBuildObject } from "./other-build.ts";
import { propertyOfGetter } from "./plain-object.ts";

type Which = Extract<ReadRequest, { op: "previousBuild" }>["which"];

const PREVIOUS: Readonly<Record<string, Which>> = {
  previousBuild: "previous",
  previousBuiltBuild: "built",
  previousCompletedBuild: "completed",
  previousFailedBuild: "failed",
  previousNotFailedBuild: "notFailed",
  previousSuccessfulBuild: "successful",
  previousBuildInProgress: "inProgress",
};

/** `currentBuild`: the build the script runs in. */
export class CurrentBuildObject extends HostObject {
  readonly javaClass = "org.jenkinsci.plugins.workflow.support.steps.build.RunWrapper";
  readonly #run: Run;

  constructor(run: Run) {
    super();
    this.#run = run;
  }

  getProperty(name: string, site: Site): Eventual | undefined {
    const { head, build } = this.#run;
    const which = PREVIOUS[name];
    if (which !== undefined) return readPrevious(this.#run, which, site);
    switch (name) {
      case "number":
        return head.build.number;
      case "id":
        return String(head.build.number);
      case "externalizableId":
        return `${head.project.jobName}#${head.build.number}`;
      case "result":
        return build.shownResult;
      case "currentResult":
        return worst(build.shownResult);
      case "displayName":
        return build.displayName;
      case "fullDisplayName":
        return `${head.project.jobName} ${build.displayName}`;
      case "description":
        return build.description;
      case "projectName":
        return head.project.jobName.split("/").at(-1) ?? head.project.jobName;
      case "fullProjectName":
        return head.project.jobName;
      case "timeInMillis":
      case "startTimeInMillis":
        return new LongValue(BigInt(head.startedAtMs));
      case "duration":
        return duration(this.#run, site);
      case "durationString":
        return durationText(this.#run, site);
      case "absoluteUrl":
        return head.build.url;
      case "nextBuild":
        return null;
      case "keepLog":
        return build.keepLog;
      case "buildVariables":
        return MapValue.of([...build.variables]);
      case "changeSets":
        return changeSetsOf(this.#run, site);
      case "buildCauses":
        return this.#causes("");
      case "upstreamBuilds":
        return new ListValue();
      case "rawBuild":
        throw notPermitted(
          "method RunWrapper getRawBuild",
          "currentBuild has what scripts need, the rest is Jenkins' own",
        );
      default:
        return undefined;
    }
  }

  setProperty(name: string, value: Value): boolean {
    const { build } = this.#run;
    const text = value === null ? null : this.#run.textOf(value);
    switch (name) {
      case "result":
        if (text !== null) build.worsen(resultNamed(text));
        return true;
      case "displayName":
        build.displayName = text ?? build.displayName;
        this.#run.scheduler.mark({ kind: "build", displayName: this.#run.masked(build.displayName) });
        return true;
      case "description":
        build.description = text;
        this.#run.scheduler.mark({ kind: "build", description: this.#run.masked(text ?? "") });
        return true;
      case "keepLog":
        build.keepLog = value === true;
        this.#run.scheduler.mark({ kind: "build", keepLog: build.keepLog });
        return true;
      default:
        return false;
    }
  }

  callMethod(name: string, args: CallArguments, site: Site): Eventual | undefined {
    const [first = null] = args.positional;
    const given = first === null ? "" : this.#run.textOf(first);
    switch (name) {
      case "getBuildCauses":
        return this.#causes(given);
      case "resultIsBetterOrEqualTo":
        return !isWorse(worst(this.#run.build.shownResult), resultNamed(given));
      case "resultIsWorseOrEqualTo":
        return !isWorse(resultNamed(given), worst(this.#run.build.shownResult));
    }
    if (name.startsWith("set") && args.positional.length === 1)
      return this.setProperty(name.charAt(3).toLowerCase() + name.slice(4), first) ? null : undefined;
    const property = propertyOfGetter(name);
    return property === undefined || args.positional.length > 0
      ? undefined
      : this.getProperty(property, site);
  }

  toText(): string {
    return `${this.#run.head.project.jobName} #${this.#run.head.build.number}`;
  }

  /** What stands before the simple name of a cause. Builds of before have one answer for all. */
  #outerOf(cause: string): string {
    const said = this.#run.head.changes.includes("cause-classes") ? OUTER[cause] : undefined;
    return said ?? "hudson.model.Cause$";
  }

  #causes(className: string): ListValue {
    const found = this.#run.head.build.causes.filter(
      (cause) => className === "" || className.endsWith(cause.class),
    );
    return new ListValue(
      found.map((cause) =>
        MapValue.of([
          ["_class", `${this.#outerOf(cause.class)}${cause.class}`],
          ["shortDescription", cause.text],
          ["userId", cause.userId],
          ["userName", cause.userName],
          ["upstreamProject", cause.upstream?.project ?? null],
          ["upstreamBuild", cause.upstream?.number ?? null],
          ["upstreamUrl", cause.upstream?.url ?? null],
        ]),
      ),
    );
  }
}

/** Where Jenkins keeps the causes that are no part of its core class. */
const OUTER: Readonly<Record<string, string>> = {
  BranchEventCause: "jenkins.branch.",
  ReplayCause: "org.jenkinsci.plugins.workflow.cps.replay.",
  SCMTriggerCause: "hudson.triggers.SCMTrigger$",
  TimerTriggerCause: "hudson.triggers.TimerTrigger$",
};

/** Reads an earlier build; null when there is none. */
export function* readPrevious(run: Run, which: Which, site: Site): Flow<Value> {
  const request = {
    kind: "read" as const,
    op: "previousBuild" as const,
    which,
    before: run.head.build.number,
  };
  const stored = yield* run.effect({
    kind: "read",
    name: "previousBuild",
    args: which,
    request,
    policy: "repeat",
    stepNo: null,
    site,
  });
  return stored === null ? null : new OtherBuildObject(stored);
}

function* duration(run: Run, site: Site): Flow<Value> {
  return new LongValue(BigInt(yield* elapsedMs(run, site)));
}

function* durationText(run: Run, site: Site): Flow<Value> {
  const seconds = Math.floor((yield* elapsedMs(run, site)) / 1000);
  const minutes = Math.floor(seconds / 60);
  const text = minutes > 0 ? `${minutes} min ${seconds % 60} sec` : `${seconds} sec`;
  return `${text} and counting`;
}

function* elapsedMs(run: Run, site: Site): Flow<number> {
  const request = { kind: "read" as const, op: "now" as const };
  const now = yield* run.effect({
    kind: "read",
    name: "now",
    args: null,
    request,
    policy: "repeat",
    stepNo: null,
    site,
  });
  return typeof now === "number" ? Math.max(0, now - run.head.startedAtMs) : 0;
}
