import { oneOf } from "./migration.ts";
import type { Migration } from "./migration.ts";

/** Locks between builds, and builds that other builds or their ends have started. */
export const migration0003: Migration = {
  version: 3,
  name: "locks with several resources, builds started by builds",
  statements: ({ int, blob, id }) => [
    // Nothing was ever written to the table of the first schema: it could hold one name for each step.
    `drop table locks`,
    `create table locks (
      id ${id},
      build_id ${int} not null references builds(id) on delete cascade,
      effect_id text not null,
      names text not null,
      state text not null ${oneOf("state", "waiting held done")},
      priority ${int} not null,
      newest_first ${int} not null,
      granted ${blob} not null,
      since_ms ${int} not null,
      unique (build_id, effect_id)
    )`,
    `create index locks_waiting on locks(id) where state = 'waiting'`,
    `create table lock_names (
      name text primary key,
      lock_id ${int} not null references locks(id) on delete cascade
    )`,
    `create index lock_names_of_lock on lock_names(lock_id)`,
    `alter table builds add column upstream_id ${int}`,
    `create index builds_of_upstream on builds(upstream_id) where upstream_id is not null`,
    `create table upstream_triggers (
      project_id ${int} not null references projects(id) on delete cascade,
      upstream text not null,
      ref text not null,
      threshold text not null,
      seen_at_ms ${int} not null,
      seen_build_id ${int} not null,
      primary key (project_id, upstream)
    )`,
    `create index schedules_due on schedules(next_at_ms)`,
  ],
};
