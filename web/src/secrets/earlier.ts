import type { Session } from "../api/types";
import { isStarting } from "../sessions/state";

/** The running sessions that a restart would give the current keys, apart from those whose agent then loses a turn. */
export function runningEarlier(sessions: Session[]): { free: Session[]; inATurn: Session[] } {
  const earlier = sessions.filter(
    (session) => session.outdated?.includes("keys") && (session.phase.name === "ready" || isStarting(session)),
  );
  return { free: earlier.filter((session) => !isInATurn(session)), inATurn: earlier.filter(isInATurn) };
}

const isInATurn = ({ busy, needsInput }: Session) => busy || needsInput;

export const earlierText = (count: number) =>
  count === 1 ? "1 session runs with earlier keys." : `${count} sessions run with earlier keys.`;

/** The button for the free ones. Those in a turn have their own. */
export function restartLabel(free: number, inATurn: number): string {
  if (inATurn > 0) return free === 1 ? "Restart the idle one" : `Restart the ${free} idle ones`;
  return free === 1 ? "Restart it" : "Restart them";
}
