import type { Faults } from "../runners/faults.ts";

/** Every call of the server to the outside by the name that SLUICE_FAULT takes, with a word on what it does. */
export const OUTSIDE_POINTS = {
  "outbox.send": "a round of nudges leaves the outbox, before its rows say so",
  "queue.add": "nudges are added to one queue",
  "queue.take": "a worker handles a nudge, before Redis hears that it is done",
  "swarm.inspectService": "a Swarm service is looked at",
  "swarm.listTasks": "the tasks of a Swarm service are looked at",
  "swarm.updateService": "the one write of a roll-out to Swarm",
  "swarm.inspectDistribution": "a registry is asked, through the engine, for an image's digest",
  "mail.send": "a mail is handed to the mail server",
  "chat.send": "a message is posted to a chat",
  "forge.setStatus": "a commit status is set at a forge",
  "forge.trust": "a forge is asked who may write",
} as const;

/** A call of the server to the outside at which a test may kill us or lose the answer. */
export type OutsidePoint = keyof typeof OUTSIDE_POINTS;

/** Faults at the server's calls to the outside. */
export type OutsideFaults = Faults<OutsidePoint>;
