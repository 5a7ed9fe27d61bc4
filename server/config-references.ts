import type { SluiceFile } from "./config-schema.ts";
import { parseTagGrammar } from "./projects/tag-grammar.ts";

/** A name in the file that leads nowhere, or a rule that cannot hold. */
export interface Misreference {
  readonly path: readonly (string | number)[];
  readonly text: string;
}

/** Checks what one part of the file says of another: every name used is written, every grammar can be read. */
export function checkReferences(file: SluiceFile): Misreference[] {
  return [...environments(file), ...libraries(file), ...projects(file), ...notify(file)];
}

function environments(file: SluiceFile): Misreference[] {
  const wrong: Misreference[] = [];
  for (const [name, environment] of Object.entries(file.environments)) {
    const seen = new Set<string>();
    for (const [wave, targets] of environment.waves.entries()) {
      for (const [index, target] of targets.entries()) {
        const path = ["environments", name, "waves", wave, index];
        if (file.targets[target] === undefined)
          wrong.push({ path, text: unknown("target", target, Object.keys(file.targets)) });
        if (seen.has(target)) wrong.push({ path, text: `target ${target} is in the waves twice` });
        seen.add(target);
      }
    }
  }
  return wrong;
}

function libraries(file: SluiceFile): Misreference[] {
  return Object.entries(file.libraries)
    .filter(([, library]) => file.forges[library.forge] === undefined)
    .map(([name, library]) => ({
      path: ["libraries", name, "forge"],
      text: unknown("forge", library.forge, Object.keys(file.forges)),
    }));
}

function projects(file: SluiceFile): Misreference[] {
  const wrong: Misreference[] = [];
  for (const [key, project] of Object.entries(file.projects)) {
    const at = (...path: (string | number)[]) => ["projects", key, ...path];
    if (file.forges[project.forge] === undefined) {
      wrong.push({ path: at("forge"), text: unknown("forge", project.forge, Object.keys(file.forges)) });
    }
    if (project.registry !== undefined && file.registries[project.registry] === undefined) {
      wrong.push({
        path: at("registry"),
        text: unknown("registry", project.registry, Object.keys(file.registries)),
      });
    }
    for (const [name, source] of Object.entries(project.tags)) {
      const parsed = parseTagGrammar(source);
      if (!parsed.ok)
        wrong.push({ path: at("tags", name), text: `${parsed.message} (character ${parsed.column})` });
    }
    for (const [index, route] of project.routes.entries()) {
      if (route.grammar !== undefined && route.on !== "tag") {
        wrong.push({ path: at("routes", index), text: `grammar reads tags; this route is on: ${route.on}` });
      } else if (route.grammar !== undefined && project.tags[route.grammar] === undefined) {
        wrong.push({
          path: at("routes", index),
          text: unknown("grammar", route.grammar, Object.keys(project.tags)),
        });
      }
      for (const environment of route.deploy) {
        if (file.environments[environment] !== undefined) continue;
        wrong.push({
          path: at("routes", index),
          text: unknown("environment", environment, Object.keys(file.environments)),
        });
      }
    }
  }
  return wrong;
}

function notify(file: SluiceFile): Misreference[] {
  const wrong: Misreference[] = [];
  for (const [index, rule] of file.notify.entries()) {
    for (const [place, to] of rule.to.entries()) {
      const channel = to.split(":")[0] ?? "";
      if (file.channels[channel] !== undefined) continue;
      wrong.push({
        path: ["notify", index, "to", place],
        text: unknown("channel", channel, Object.keys(file.channels)),
      });
    }
  }
  return wrong;
}

function unknown(what: string, name: string, known: readonly string[]): string {
  const list = known.length === 0 ? `no ${what} is written` : `written are ${known.join(", ")}`;
  return `there is no ${what} "${name}"; ${list}`;
}
