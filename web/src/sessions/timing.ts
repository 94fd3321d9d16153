import type { Session } from "../api/types";
import { formatAgo, formatDuration, formatTimeLeft } from "../time/duration";
import { isStarting, stateOf } from "./state";

export interface Timing {
  text: string;
  /** The session stops or is deleted soon. */
  soon: boolean;
}

const SOON_MS = 5 * 60_000;

/** One line: when the session stops, why it does not, or since when it is stopped. */
export function timingOf(session: Session, now: number): Timing {
  const since = now - Date.parse(session.phase.since);
  const end = beforeItIsDeleted(session, now);
  if (end) return end;
  switch (session.phase.name) {
    case "ready":
      return whileReady(session, now);
    case "stopped":
      return calm(`stopped ${formatAgo(since)}, files kept`);
    case "failed":
      return calm(`failed ${formatAgo(since)}`);
    default:
      return calm(session.phase.message ?? (isStarting(session) ? `for ${formatDuration(since)}` : ""));
  }
}

/** The warning before the router deletes the session. */
function beforeItIsDeleted(session: Session, now: number): Timing | undefined {
  if (!session.deletedSoon || session.deletedAt === undefined) return undefined;
  const left = Date.parse(session.deletedAt) - now;
  const when = left <= 0 ? "now" : `in ${formatTimeLeft(left)}`;
  return { text: `will be deleted ${when} with its files; start it to keep them`, soon: true };
}

function whileReady(session: Session, now: number): Timing {
  const reason = reasonToRun(session);
  const left = session.stopsAt === undefined ? undefined : Date.parse(session.stopsAt) - now;
  if (left === undefined || Number.isNaN(left)) return calm(reason ?? "in use");
  const stops = left <= 0 ? "about to stop" : `stops in ${formatTimeLeft(left)}`;
  if (reason) return calm(left <= 0 ? reason : `${reason}, at most ${formatTimeLeft(left)} more`);
  return { text: stops, soon: left < SOON_MS };
}

function reasonToRun(session: Session): string | undefined {
  const reasons = session.keptAliveBy;
  if (stateOf(session) === "needs input" || reasons.includes("needs-input")) return "kept running: waiting for your answer";
  if (session.busy || reasons.includes("busy")) return "kept running: the agent is working";
  if (reasons.includes("open-request")) return "kept running: a request is open";
  if (reasons.includes("processes")) return "kept running: a command or a background process works";
  return undefined;
}

const calm = (text: string): Timing => ({ text, soon: false });
