import { type RawBuilder, sql } from "kysely";

/**
 * Conditions of partial indexes, word by word as migrations write them: SQLite uses such an index only where it sees the
 * same words, and not for a bound value.
 */
const CONDITIONS = {
  /** `builds_unfinished` */
  unfinished: "builds.state in ('queued', 'running', 'waiting')",
  /** `builds_stopping` */
  stopping: "builds.state in ('running', 'waiting') and builds.cancel_level > 0",
  /** `builds_untold` */
  untold: "coalesce(builds.told_state, '') <> builds.state",
  /** `builds_ends_untold` */
  buildEndUntold: "builds.people_told = 0 and builds.ended_at_ms is not null",
  /** `deployments_ends_untold` */
  deploymentEndUntold: "deployments.people_told = 0 and deployments.ended_at_ms is not null",
  /** `builds_unlooked` */
  unlooked: "builds.state = 'queued' and builds.wait_code is null",
  /** `sessions_open` */
  sessionOpen: "sessions.state not in ('closed', 'lost')",
  /** `notifications_due` */
  messageDue: "notifications.state in ('pending', 'retrying')",
  /** `effects_of_messages` */
  messageStep: "effects.state = 'begun' and effects.kind = 'message'",
  /** `commands_to_cancel` */
  cancel: "cancel.type = 'cancel'",
  /** `gates_open_by_id` and `gates_open` */
  gateOpen: "gates.state = 'open'",
  /** `deployments_to_do` */
  deploymentToDo:
    "(deployments.state in ('applying', 'verifying', 'rolling_back', 'unknown') or deployments.state = 'pending' and (deployments.plan_hash = '' or deployments.approved_by is not null))",
} as const;

/** The condition of that name, for `where`. */
export function indexed(name: keyof typeof CONDITIONS): RawBuilder<boolean> {
  return sql<boolean>`${sql.raw(CONDITIONS[name])}`;
}
