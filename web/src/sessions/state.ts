import type { PhaseName, Session } from "../api/types";

/** A session's state: its phase, and when ready, what its agent does. */
export type State = PhaseName | "busy" | "needs input";

type Facts = Pick<Session, "phase" | "busy" | "needsInput">;

export function stateOf({ phase, busy, needsInput }: Facts): State {
  if (phase.name !== "ready") return phase.name;
  if (needsInput) return "needs input";
  return busy ? "busy" : "ready";
}

/** The state in words, with the percentage while cloning. */
export function stateLabel(session: Facts): string {
  const { name, percent } = session.phase;
  return name === "cloning" && percent !== undefined ? `cloning ${Math.round(percent)} %` : stateOf(session);
}

const STARTING: ReadonlySet<PhaseName> = new Set(["pending", "scheduling", "pulling", "cloning", "starting"]);

export const isStartingPhase = (name: PhaseName) => STARTING.has(name);

export const isStarting = (session: Pick<Session, "phase">) => isStartingPhase(session.phase.name);

/** Whether the session cannot start because opencode cannot read its history. */
export const hasUnreadableHistory = ({ phase }: Pick<Session, "phase">) =>
  phase.name === "failed" && phase.reason === "history-unreadable";

export const isAtRest = (session: Pick<Session, "phase">) =>
  session.phase.name === "stopped" || session.phase.name === "failed";
