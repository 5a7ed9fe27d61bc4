import { oneOf } from "./migration.ts";
import type { Migration, Words } from "./migration.ts";

const BUILD = "queued running waiting succeeded unstable failed aborted not_built";
const PART = "queued running waiting succeeded unstable failed aborted not_built skipped";
const DEPLOYMENT =
  "pending applying verifying succeeded failed unknown withdrawn rolling_back rolled_back rollback_failed";
const NOTIFICATION = "pending sent retrying dead";
const FAULT = "command file sluice person";
const TRUST = "unknown trusted untrusted";
const ROLE = "viewer developer deployer maintainer admin";

/** Everything the first release stores. */
export const migration0001: Migration = {
  version: 1,
  name: "everything the first release stores",
  statements: (w) => [
    ...site(w),
    ...people(w),
    ...projects(w),
    ...builds(w),
    ...sessions(w),
    ...deployments(w),
    ...messages(w),
    ...secrets(w),
    ...coordination(w),
    ...audit(w),
  ],
};

function site({ int, blob, id }: Words): string[] {
  return [
    `create table instance (
      id ${int} primary key check (id = 1),
      name text not null,
      key_id text not null,
      key_check ${blob} not null,
      clock_offset_ms ${int} not null default 0,
      created_at_ms ${int} not null
    )`,
    `create table settings (
      name text primary key,
      body text not null,
      updated_at_ms ${int} not null
    )`,
    `create table claims (
      id ${id},
      token_hash text not null unique,
      created_at_ms ${int} not null,
      used_at_ms ${int},
      user_id ${int}
    )`,
  ];
}

function people({ int, id }: Words): string[] {
  return [
    `create table users (
      id ${id},
      name text not null unique,
      display_name text,
      mail text,
      password_hash text,
      role text not null ${oneOf("role", ROLE)},
      identities text not null,
      locale text,
      created_at_ms ${int} not null,
      seen_at_ms ${int},
      disabled_at_ms ${int}
    )`,
    `create table api_tokens (
      id ${id},
      user_id ${int} not null references users(id) on delete cascade,
      name text not null,
      token_hash text not null unique,
      scopes text not null,
      projects text,
      created_at_ms ${int} not null,
      expires_at_ms ${int} not null,
      used_at_ms ${int},
      revoked_at_ms ${int}
    )`,
    `create index api_tokens_of_user on api_tokens(user_id)`,
    `create table sign_ins (
      id ${id},
      token_hash text not null unique,
      user_id ${int} not null references users(id) on delete cascade,
      address text,
      user_agent text,
      created_at_ms ${int} not null,
      seen_at_ms ${int} not null,
      expires_at_ms ${int} not null,
      step_up_at_ms ${int},
      revoked_at_ms ${int}
    )`,
    `create index sign_ins_of_user on sign_ins(user_id)`,
    `create table sign_in_links (
      id ${id},
      token_hash text not null unique,
      user_id ${int} not null references users(id) on delete cascade,
      created_by text not null,
      created_at_ms ${int} not null,
      expires_at_ms ${int} not null,
      used_at_ms ${int}
    )`,
    `create table sign_in_failures (
      key text primary key,
      count ${int} not null,
      last_at_ms ${int} not null,
      locked_until_ms ${int}
    )`,
  ];
}

function projects({ int, blob, id }: Words): string[] {
  return [
    `create table projects (
      id ${id},
      key text not null unique,
      name text not null,
      forge text not null,
      repo text not null,
      clone_url text,
      default_branch text,
      settings text not null,
      version ${int} not null default 1,
      hook text not null unique,
      hook_secret ${blob} not null,
      hook_secret_old ${blob},
      hook_secret_old_until_ms ${int},
      next_number ${int} not null default 1,
      frozen_reason text,
      created_at_ms ${int} not null,
      updated_at_ms ${int} not null,
      archived_at_ms ${int}
    )`,
    `create table members (
      user_id ${int} not null references users(id) on delete cascade,
      project_id ${int} not null references projects(id) on delete cascade,
      role text not null ${oneOf("role", ROLE)},
      primary key (user_id, project_id)
    )`,
    `create table ref_heads (
      project_id ${int} not null references projects(id) on delete cascade,
      ref text not null,
      sha text not null,
      source text not null ${oneOf("source", "webhook sweep replay registry")},
      seen_at_ms ${int} not null,
      primary key (project_id, ref)
    )`,
    `create table ref_moves (
      id ${id},
      project_id ${int} not null references projects(id) on delete cascade,
      ref text not null,
      before_sha text not null,
      after_sha text not null,
      delivery_id ${int},
      seen_at_ms ${int} not null
    )`,
    `create index ref_moves_of_pair on ref_moves(project_id, ref, before_sha, after_sha)`,
    `create table deliveries (
      id ${id},
      hook text not null,
      project_id ${int} references projects(id) on delete cascade,
      source text not null ${oneOf("source", "webhook sweep replay registry")},
      forge text,
      dedupe_key text,
      event_name text,
      headers text not null,
      body ${blob},
      body_sha256 text,
      body_size ${int} not null,
      address text,
      state text not null ${oneOf("state", "received processed ignored rejected")},
      status ${int} not null,
      reason text,
      verdict text not null,
      event text,
      repeat_of ${int},
      replay_of ${int},
      received_at_ms ${int} not null,
      processed_at_ms ${int}
    )`,
    `create unique index deliveries_once on deliveries(hook, dedupe_key) where dedupe_key is not null`,
    `create index deliveries_of_project on deliveries(project_id, id)`,
    `create table schedules (
      project_id ${int} not null references projects(id) on delete cascade,
      ref text not null,
      pattern text not null,
      time_zone text not null,
      next_at_ms ${int} not null,
      primary key (project_id, ref, pattern)
    )`,
  ];
}

function builds({ int, blob, id }: Words): string[] {
  return [
    `create table builds (
      id ${id},
      project_id ${int} not null references projects(id) on delete cascade,
      number ${int} not null,
      delivery_id ${int},
      trust text not null ${oneOf("trust", TRUST)},
      approved_by text,
      approved_at_ms ${int},
      event_kind text not null ${oneOf("event_kind", "push tag change registry manual cron upstream api restart")},
      event text not null,
      ref text not null,
      sha text,
      before_sha text,
      title text,
      author text,
      author_mail text,
      actor text,
      routes text not null,
      parameters text not null,
      state text not null ${oneOf("state", BUILD)},
      reason_code text,
      reason_fault text ${oneOf("reason_fault", FAULT)},
      reason_text text,
      wait_code text,
      wait_text text,
      wait_since_ms ${int},
      display_name text,
      description text,
      next_ord ${int} not null default 1,
      delivered ${int} not null default 0,
      marks_done ${int} not null default 0,
      console_length ${int} not null default 0,
      version ${int} not null default 0,
      epoch ${int} not null default 0,
      infra_attempts ${int} not null default 0,
      cancel_level ${int} not null default 0 check (cancel_level between 0 and 3),
      cancel_at_ms ${int},
      cancel_by text,
      data_key ${blob} not null,
      restart_of ${int},
      restart_from text,
      superseded_by ${int},
      keep ${int} not null default 0 check (keep in (0, 1)),
      created_at_ms ${int} not null,
      started_at_ms ${int},
      ended_at_ms ${int},
      unique (project_id, number),
      check (delivered < next_ord),
      check ((state in ('queued', 'running', 'waiting')) = (ended_at_ms is null))
    )`,
    `create index builds_by_state on builds(project_id, state)`,
    `create index builds_unfinished on builds(state) where state in ('queued', 'running', 'waiting')`,
    `create index builds_by_ref on builds(project_id, ref, id)`,
    `create index builds_by_sha on builds(sha)`,
    `create table build_heads (
      build_id ${int} primary key references builds(id) on delete cascade,
      sha text not null,
      jenkinsfile_path text not null,
      jenkinsfile_sha text not null,
      engine_version text not null,
      changes text not null,
      body ${blob} not null,
      started_at_ms ${int} not null
    )`,
    `create table effects (
      build_id ${int} not null references builds(id) on delete cascade,
      id text not null,
      n ${int},
      step_no ${int},
      kind text not null,
      name text not null,
      args_hash text not null,
      args ${blob} not null,
      handle text not null,
      stage text,
      state text not null ${oneOf("state", "begun ended closed")},
      ord ${int},
      outcome ${blob},
      begun_at_ms ${int} not null,
      ended_at_ms ${int},
      due_at_ms ${int},
      idle_ms ${int},
      line ${int},
      "column" ${int},
      primary key (build_id, id),
      unique (build_id, n),
      unique (build_id, ord),
      check ((state = 'ended') = (ord is not null))
    )`,
    `create index effects_due on effects(due_at_ms) where state = 'begun' and due_at_ms is not null`,
    `create index effects_by_handle on effects(handle)`,
    `create table blobs (
      id ${id},
      build_id ${int} not null references builds(id) on delete cascade,
      kind text not null,
      name text not null,
      sha256 text not null,
      size_bytes ${int} not null,
      path text not null,
      created_at_ms ${int} not null,
      unique (build_id, kind, name)
    )`,
    `create index blobs_by_content on blobs(sha256)`,
    `create table caches (
      id ${id},
      project_id ${int} not null references projects(id) on delete cascade,
      trust text not null ${oneOf("trust", TRUST)},
      name text not null,
      key text not null,
      sha256 text not null,
      size_bytes ${int} not null,
      path text not null,
      created_at_ms ${int} not null,
      used_at_ms ${int} not null,
      unique (project_id, trust, name, key)
    )`,
    `create table stages (
      build_id ${int} not null references builds(id) on delete cascade,
      path text not null,
      no ${int} not null,
      name text not null,
      parent text,
      kind text not null,
      state text not null ${oneOf("state", PART)},
      reason_text text,
      started_at_ms ${int},
      ended_at_ms ${int},
      primary key (build_id, path)
    )`,
    `create table steps (
      build_id ${int} not null references builds(id) on delete cascade,
      step_no ${int} not null,
      stage_path text,
      effect_id text,
      name text not null,
      label text,
      state text not null ${oneOf("state", PART)},
      exit_code ${int},
      reason_code text,
      reason_text text,
      log_bytes ${int} not null default 0,
      log_lines ${int} not null default 0,
      failing_line ${int},
      line ${int},
      started_at_ms ${int},
      ended_at_ms ${int},
      primary key (build_id, step_no)
    )`,
    `create table artifacts (
      id ${id},
      build_id ${int} not null references builds(id) on delete cascade,
      kind text not null ${oneOf("kind", "image file")},
      name text not null,
      tag text,
      digest text,
      size_bytes ${int},
      path text,
      step_no ${int},
      created_at_ms ${int} not null
    )`,
    `create index artifacts_of_build on artifacts(build_id)`,
    `create index artifacts_by_digest on artifacts(digest)`,
    `create table test_results (
      id ${id},
      build_id ${int} not null references builds(id) on delete cascade,
      step_no ${int},
      stage_path text,
      suite text not null,
      class_name text,
      name text not null,
      state text not null ${oneOf("state", "passed failed error skipped")},
      duration_ms ${int} not null,
      message text,
      detail text
    )`,
    `create index test_results_of_build on test_results(build_id, state)`,
    `create table locks (
      id ${id},
      name text not null,
      build_id ${int} not null references builds(id) on delete cascade,
      effect_id text not null,
      state text not null ${oneOf("state", "waiting held done")},
      since_ms ${int} not null,
      unique (build_id, effect_id)
    )`,
    `create index locks_by_name on locks(name, state, id)`,
    `create table milestones (
      project_id ${int} not null references projects(id) on delete cascade,
      ref text not null,
      ordinal ${int} not null,
      build_number ${int} not null,
      primary key (project_id, ref, ordinal)
    )`,
    `create table signals (
      build_id ${int} not null references builds(id) on delete cascade,
      effect_id text not null,
      kind text not null,
      key text not null,
      since_ms ${int} not null,
      done_at_ms ${int},
      primary key (build_id, effect_id)
    )`,
    `create index signals_by_key on signals(kind, key) where done_at_ms is null`,
  ];
}

function sessions({ int, blob, id }: Words): string[] {
  return [
    `create table runners (
      id ${id},
      name text not null unique,
      key_hash text not null unique,
      labels text not null,
      places ${int} not null,
      state text not null ${oneOf("state", "online offline draining revoked")},
      boot text,
      versions text not null,
      workspaces text not null,
      problem text,
      joined_at_ms ${int} not null,
      last_seen_at_ms ${int},
      gone_at_ms ${int}
    )`,
    `create table runner_tokens (
      id ${id},
      token_hash text not null unique,
      name text,
      created_by text not null,
      created_at_ms ${int} not null,
      expires_at_ms ${int} not null,
      used_at_ms ${int},
      runner_id ${int}
    )`,
    `create table sessions (
      id text primary key,
      build_id ${int} not null references builds(id) on delete cascade,
      effect_id text not null,
      outer_id text,
      runner_id ${int} references runners(id),
      state text not null ${oneOf("state", "queued assigned ready parked closed lost")},
      fence ${int} not null default 1,
      label text not null,
      trust text not null ${oneOf("trust", TRUST)},
      profile text not null,
      request ${blob} not null,
      place_lent ${int} not null default 0 check (place_lent in (0, 1)),
      next_seq ${int} not null default 1,
      workspace text,
      node text,
      wait_code text,
      wait_text text,
      lost_code text,
      lost_text text,
      queued_at_ms ${int} not null,
      assigned_at_ms ${int},
      ready_at_ms ${int},
      parked_at_ms ${int},
      closed_at_ms ${int},
      unique (build_id, effect_id)
    )`,
    `create index sessions_open on sessions(state, runner_id) where state not in ('closed', 'lost')`,
    `create table commands (
      no ${id},
      session_id text not null references sessions(id) on delete cascade,
      seq ${int} not null,
      id text not null unique,
      effect_id text,
      step_no ${int},
      type text not null,
      body ${blob} not null,
      note text,
      result ${blob},
      created_at_ms ${int} not null,
      acked_at_ms ${int},
      ended_at_ms ${int},
      unique (session_id, seq)
    )`,
    `create index commands_unacked on commands(session_id, seq) where acked_at_ms is null`,
  ];
}

function deployments({ int, blob, id }: Words): string[] {
  return [
    `create table environments (
      name text primary key,
      definition text not null,
      release_counter ${int} not null default 0,
      live_deployment_id ${int},
      frozen_until_ms ${int},
      frozen_reason text,
      updated_at_ms ${int} not null,
      archived_at_ms ${int}
    )`,
    `create table deployments (
      id ${id},
      project_id ${int} not null references projects(id),
      environment text not null references environments(name),
      kind text not null ${oneOf("kind", "deploy rollback")},
      rollback_of ${int},
      build_id ${int},
      effect_id text,
      ref text,
      sha text,
      message text,
      images text not null,
      wanted ${blob},
      plan ${blob} not null,
      plan_hash text not null,
      gate_id ${int},
      approved_by text,
      approved_at_ms ${int},
      created_by text,
      release ${int},
      fence ${int},
      state text not null ${oneOf("state", DEPLOYMENT)},
      reason_code text,
      reason_fault text ${oneOf("reason_fault", FAULT)},
      reason_text text,
      wait_code text,
      wait_text text,
      wave ${int} not null default 0,
      epoch ${int} not null default 0,
      version ${int} not null default 0,
      limit_ms ${int} not null,
      due_at_ms ${int},
      created_at_ms ${int} not null,
      started_at_ms ${int},
      ended_at_ms ${int},
      unique (build_id, effect_id, environment),
      unique (environment, release)
    )`,
    `create index deployments_of_project on deployments(project_id, id)`,
    `create index deployments_open on deployments(environment, state)
      where state in ('pending', 'applying', 'verifying', 'unknown', 'rolling_back')`,
    `create table deployment_targets (
      id ${id},
      deployment_id ${int} not null references deployments(id),
      target text not null,
      wave ${int} not null,
      try ${int} not null,
      state text not null ${oneOf("state", DEPLOYMENT)},
      marker text unique,
      plan ${blob} not null,
      before ${blob},
      receipt ${blob},
      rollback_receipt ${blob},
      fence ${int},
      progress text,
      reason_code text,
      reason_text text,
      deadline_at_ms ${int},
      soak_until_ms ${int},
      started_at_ms ${int},
      ended_at_ms ${int},
      updated_at_ms ${int} not null,
      unique (deployment_id, target, try)
    )`,
    `create table deployment_lines (
      id ${id},
      deployment_id ${int} not null references deployments(id),
      target_id ${int},
      kind text not null,
      text text not null,
      body text,
      at_ms ${int} not null
    )`,
    `create index deployment_lines_of on deployment_lines(deployment_id, id)`,
    `create table live (
      environment text not null references environments(name),
      target text not null,
      service text not null,
      project_id ${int} not null references projects(id),
      image text not null,
      digest text,
      sha text,
      release ${int} not null,
      deployment_id ${int} not null references deployments(id),
      since_ms ${int} not null,
      observed_at_ms ${int},
      drift text,
      primary key (environment, target, service)
    )`,
    `create table gates (
      id ${id},
      kind text not null ${oneOf("kind", "input deploy")},
      project_id ${int} not null references projects(id) on delete cascade,
      build_id ${int},
      effect_id text,
      deployment_id ${int} unique,
      environment text,
      state text not null ${oneOf("state", "open approved rejected expired withdrawn")},
      message text not null,
      ok_label text,
      form text,
      submitters text,
      needed ${int} not null default 1,
      plan_hash text,
      due_at_ms ${int} not null,
      opened_at_ms ${int} not null,
      decided_by text,
      decided_at_ms ${int},
      reason text,
      value ${blob},
      check ((kind = 'deploy') = (deployment_id is not null))
    )`,
    // A deploy to several environments is one effect with a gate for each.
    `create unique index gates_of_input on gates(build_id, effect_id) where kind = 'input'`,
    `create index gates_open on gates(due_at_ms) where state = 'open'`,
    `create index gates_of_build on gates(build_id)`,
    `create table gate_votes (
      id ${id},
      gate_id ${int} not null references gates(id) on delete cascade,
      user_id ${int} not null,
      user_name text not null,
      verdict text not null ${oneOf("verdict", "approve reject")},
      plan_hash text,
      reason text,
      at_ms ${int} not null,
      unique (gate_id, user_id)
    )`,
  ];
}

function messages({ int, id }: Words): string[] {
  return [
    `create table notifications (
      id ${id},
      subject text not null,
      event text not null,
      channel text not null,
      recipient text not null,
      project_id ${int},
      build_id ${int},
      effect_id text,
      body text not null,
      state text not null ${oneOf("state", NOTIFICATION)},
      attempts ${int} not null default 0,
      epoch ${int} not null default 0,
      next_at_ms ${int},
      message_id text,
      thread_key text,
      answer text,
      created_at_ms ${int} not null,
      sent_at_ms ${int},
      unique (subject, event, channel, recipient)
    )`,
    `create index notifications_due on notifications(next_at_ms) where state in ('pending', 'retrying')`,
    `create index notifications_of_build on notifications(build_id)`,
    `create table channel_states (
      key text primary key,
      next_at_ms ${int},
      broken_at_ms ${int},
      broken_text text,
      sent text
    )`,
    `create table forge_statuses (
      id ${id},
      project_id ${int} not null references projects(id) on delete cascade,
      build_id ${int} not null references builds(id) on delete cascade,
      sha text not null,
      context text not null,
      status text not null,
      description text not null,
      url text not null,
      state text not null ${oneOf("state", NOTIFICATION)},
      attempts ${int} not null default 0,
      epoch ${int} not null default 0,
      next_at_ms ${int},
      answer text,
      created_at_ms ${int} not null,
      sent_at_ms ${int}
    )`,
    `create index forge_statuses_due on forge_statuses(next_at_ms) where state in ('pending', 'retrying')`,
    `create index forge_statuses_of_build on forge_statuses(build_id, id)`,
  ];
}

function secrets({ int, blob, id }: Words): string[] {
  return [
    `create table secrets (
      id ${id},
      scope text not null ${oneOf("scope", "server project environment")},
      scope_id text not null,
      name text not null,
      type text not null ${oneOf("type", "string usernamePassword file sshKey")},
      version ${int} not null,
      created_at_ms ${int} not null,
      updated_at_ms ${int} not null,
      updated_by text,
      used_at_ms ${int},
      deleted_at_ms ${int}
    )`,
    `create unique index secrets_by_name on secrets(scope, scope_id, name) where deleted_at_ms is null`,
    `create table secret_versions (
      secret_id ${int} not null references secrets(id) on delete cascade,
      version ${int} not null,
      sealed ${blob} not null,
      created_at_ms ${int} not null,
      primary key (secret_id, version)
    )`,
    `create table secret_bindings (
      build_id ${int} not null references builds(id) on delete cascade,
      secret_id ${int} not null,
      version ${int} not null,
      bound_at_ms ${int} not null,
      primary key (build_id, secret_id, version)
    )`,
    `create index secret_bindings_of_secret on secret_bindings(secret_id, version)`,
  ];
}

function coordination({ int, id }: Words): string[] {
  return [
    `create table leases (
      name text primary key,
      holder text,
      fence ${int} not null,
      expires_at_ms ${int} not null
    )`,
    `create table outbox (
      id ${id},
      queue text not null ${oneOf("queue", "builds deployments notifications upkeep")},
      job_id text not null,
      body text not null,
      created_at_ms ${int} not null,
      dispatched_at_ms ${int},
      unique (queue, job_id)
    )`,
    `create index outbox_waiting on outbox(id) where dispatched_at_ms is null`,
    `create index outbox_sent on outbox(dispatched_at_ms) where dispatched_at_ms is not null`,
    `create table events (
      id ${id},
      kind text not null,
      project_id ${int},
      build_id ${int},
      actor text,
      body text not null,
      at_ms ${int} not null
    )`,
    `create index events_of_build on events(build_id, id) where build_id is not null`,
  ];
}

function audit({ int, dialect }: Words): string[] {
  const table = `create table audit (
      seq ${int} primary key,
      at_ms ${int} not null,
      actor_kind text not null,
      actor text not null,
      address text,
      action text not null,
      object text not null,
      before text,
      after text,
      outcome text not null,
      prev_hash text not null,
      hash text not null unique
    )`;
  if (dialect === "sqlite") {
    return [
      table,
      `create trigger audit_no_update before update on audit begin select raise(abort, 'audit is append-only'); end`,
      `create trigger audit_no_delete before delete on audit begin select raise(abort, 'audit is append-only'); end`,
    ];
  }
  return [
    table,
    `create function audit_is_append_only() returns trigger language plpgsql
      as $$ begin raise exception 'audit is append-only'; end $$`,
    `create trigger audit_no_change before update or delete or truncate on audit
      for each statement execute function audit_is_append_only()`,
  ];
}
