import type { Head, StoredError } from "../ports.ts";

const AGENT_OFFLINE = "org.jenkinsci.plugins.workflow.steps.AgentOfflineException";

/**
 * Whether a step failed because its agent was lost through no fault of the build: its runner is gone, or Docker stopped
 * the container. What a command did to its own container is its own failure.
 */
export function isAgentLoss(head: Head, stored: StoredError): boolean {
  if (stored.code === "agent_lost" || stored.code === "runner_lost") return true;
  if (!head.changes.includes("docker-loses-agents")) return false;
  return stored.class === AGENT_OFFLINE && stored.fault === "sluice";
}
