import { record } from "../../store/outbox.ts";
import type { Steps, Transaction } from "../../store/procedure.ts";

/** What live pages are told in one transaction: which thing changed, never how, so that a reader fetches the truth. */
export interface Announcement {
  readonly kind:
    | "build.changed"
    | "step.changed"
    | "gate.changed"
    | "deployment.changed"
    | "runner.changed"
    | "notification.changed"
    | "delivery.changed"
    | "project.changed";
  readonly projectId: number | null;
  readonly buildId: number | null;
  readonly id: number | null;
}

/** Writes the row that a live page is woken by. */
export function* announce(tx: Transaction, said: Announcement): Steps<void> {
  yield* record(tx, {
    kind: said.kind,
    projectId: said.projectId,
    buildId: said.buildId,
    body: { id: said.id },
  });
}
