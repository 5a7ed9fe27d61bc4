import type { Migration } from "./migration.ts";

/** Whether people were told how a build or a deployment ended: the word of it in the queue may be lost with Redis. */
export const migration0004: Migration = {
  version: 4,
  name: "ends that people were told of",
  statements: ({ int }) =>
    ["builds", "deployments"].flatMap((table) => [
      `alter table ${table} add column people_told ${int} not null default 0 check (people_told in (0, 1))`,
      `update ${table} set people_told = 1 where ended_at_ms is not null`,
      `create index ${table}_ends_untold on ${table}(id) where people_told = 0 and ended_at_ms is not null`,
    ]),
};
