import type { Migration } from "./migration.ts";

/** Waits as facts instead of sentences, the milestone a build has passed, and indexes for what is asked at every tick. */
export const migration0002: Migration = {
  version: 2,
  name: "waits as facts, milestones of builds, indexes for thousands of waiting builds",
  statements: ({ int }) => [
    `alter table builds rename column wait_text to wait_facts`,
    `alter table sessions rename column wait_text to wait_facts`,
    `alter table deployments rename column wait_text to wait_facts`,
    `alter table sessions add column wait_since_ms ${int}`,
    `alter table deployments add column wait_since_ms ${int}`,
    `alter table builds add column milestone ${int}`,
    `alter table runners add column disk_free_percent ${int}`,
    `alter table builds add column told_state text`,
    `update builds set told_state = state where ended_at_ms is not null`,
    // What is asked again within seconds is forgotten; the rest gets the facts that its code implies.
    `update builds set wait_facts = case wait_code when 'forge' then '{"asked":"trust","said":null}'
       when 'approval' then '{}' end`,
    `update builds set wait_code = null, wait_since_ms = null
       where state = 'queued' and wait_code is not null and wait_facts is null`,
    `update sessions set wait_code = null, wait_facts = null`,
    `update deployments set wait_since_ms = created_at_ms, wait_facts = case wait_code
       when 'gate' then '{}' when 'target' then '{"doing":"plan"}' when 'environment_turn' then '{"deployment":null}' end`,
    `update deployments set wait_code = null where wait_facts is null`,
    `create index builds_queued on builds(project_id, id) where state = 'queued'`,
    `create index builds_unlooked on builds(created_at_ms) where state = 'queued' and wait_code is null`,
    `create index builds_at_work on builds(project_id, id) where state = 'running'`,
    `create index builds_undelivered on builds(id)
       where state in ('running', 'waiting') and next_ord > delivered + 1`,
    `create index builds_stopping on builds(cancel_at_ms)
       where state in ('running', 'waiting') and cancel_level > 0`,
    `create index builds_by_wait on builds(wait_code) where wait_code is not null`,
    `create index builds_untold on builds(project_id, id) where coalesce(told_state, '') <> state`,
    `create index builds_restarted on builds(restart_of) where restart_of is not null`,
    `create index commands_to_cancel on commands(created_at_ms) where type = 'cancel'`,
    `create index leases_held on leases(expires_at_ms) where holder is not null`,
    `create index sessions_waiting on sessions(queued_at_ms) where state = 'queued'`,
    `create index effects_of_messages on effects(begun_at_ms) where state = 'begun' and kind = 'message'`,
    `create index gates_open_by_id on gates(id) where state = 'open'`,
    `create index deployments_to_do on deployments(id)
       where (state in ('applying', 'verifying', 'rolling_back', 'unknown')
         or state = 'pending' and (plan_hash = '' or approved_by is not null))`,
    `create index deployments_ended on deployments(ended_at_ms) where ended_at_ms is not null`,
  ],
};
