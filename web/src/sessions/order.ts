import type { Session } from "../api/types";
import { type State, stateOf } from "./state";

const RANK: Record<State, number> = {
  "needs input": 0,
  busy: 1,
  ready: 2,
  pending: 3,
  scheduling: 3,
  pulling: 3,
  cloning: 3,
  starting: 3,
  failed: 4,
  stopping: 5,
  stopped: 5,
  deleting: 5,
};

/** Sessions that wait for the user first, stopped ones last. Within each group, the last used first. */
export function inOrder(sessions: readonly Session[]): Session[] {
  return sessions.toSorted(
    (a, b) =>
      RANK[stateOf(a)] - RANK[stateOf(b)] ||
      Date.parse(b.lastActivityAt) - Date.parse(a.lastActivityAt) ||
      a.id.localeCompare(b.id),
  );
}

/** The order while rows must not move: unchanged, without removed sessions, new ones at the end. */
export function keepOrder(wanted: readonly Session[], shown: readonly string[]): Session[] {
  const place = new Map(shown.map((id, index) => [id, index]));
  const placeOf = (session: Session) => place.get(session.id) ?? shown.length;
  return wanted.toSorted((a, b) => placeOf(a) - placeOf(b));
}
