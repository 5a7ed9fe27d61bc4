import { fieldOf, textIn } from "../engine/convert.ts";
import { execRequest } from "./shell.ts";
import { optional, required } from "./signature.ts";
import { step } from "./step.ts";

/** By what a tool is known, in its type or its name, and the program that it is. The first that fits counts. */
const PROGRAMS: readonly (readonly [known: RegExp, program: string])[] = [
  [/sonar.*(msbuild|dotnet)/iu, "dotnet"],
  [/sonar/iu, "sonar-scanner"],
  [/dependency-?check/iu, "dependency-check.sh"],
  [/maven|mvn|^m[23]([^a-z]|$)/iu, "mvn"],
  [/gradle/iu, "gradle"],
  [/node/iu, "node"],
  [/jdk|java|jre|temurin|corretto/iu, "java"],
  [/allure/iu, "allure"],
  [/docker/iu, "docker"],
  [/dotnet/iu, "dotnet"],
  [/terraform/iu, "terraform"],
  [/groovy/iu, "groovy"],
  [/cmake/iu, "cmake"],
  [/python/iu, "python3"],
  [/^ant([^a-z]|$)|AntInstallation|apache-?ant/u, "ant"],
  [/^go([^a-z]|$)|golang|GolangInstallation/iu, "go"],
  [/^git([^a-z]|$)|GitTool/iu, "git"],
];

/** Prints the folder above the `bin` in which a program really is; of Java the one that the image names. */
const HOME_OF = `if [ "$1" = java ] && [ -n "$JAVA_HOME" ]; then printf %s "$JAVA_HOME"; exit; fi
found=$(command -v "$1") || exit 127
printf %s "$(dirname "$(dirname "$(readlink -f "$found")")")"`;

/** Where a tool is in the agent's image. */
export const tool = step({
  name: "tool",
  doc: "Gives the home folder of a tool, as found in the agent's image: nothing is installed. Which program is meant is told by type, or else by name.",
  parameters: [
    required("name", "string", "The tool's name, such as maven-3."),
    optional("type", "string", "Its kind, such as maven or jdk, or the class that Jenkins has for it."),
  ],
  positional: "name",
  block: "none",
  needsAgent: true,
  kind: "exec",
  policy: "reattach",
  *behave(call) {
    const name = call.args.text("name");
    const type = call.args.optionalText("type");
    call.label(name);
    const program = programOf(type ?? "") ?? programOf(name);
    if (program === undefined)
      return call.fail(
        `nobody knows which program the tool "${name}" is: say its type, such as tool(name: '${name}', type: 'maven'), or write its path`,
      );
    // On Jenkins git has no home: what it gives is the program.
    if (program === "git") return program;
    const command = { argv: ["sh", "-c", HOME_OF, "sh", program] };
    const ended = yield* call.effect(
      execRequest(call.run, call, command, { capture: true, encoding: null, label: null }),
    );
    if (fieldOf(ended, "exit") !== 0)
      return call.fail(
        `there is no ${program} in this agent's image, and Sluice installs no tools: use an image that has it, such as agent { docker 'maven:3' }`,
      );
    // In a dry run nothing is looked for.
    return textIn(fieldOf(ended, "out")) || "/usr";
  },
});

function programOf(text: string): string | undefined {
  return PROGRAMS.find(([known]) => known.test(text))?.[1];
}
