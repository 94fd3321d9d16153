import type { Session } from "../api/types";

const ENOUGH = 4;

/** The recently used repositories, latest first. */
export function recentReposOf(sessions: readonly Pick<Session, "repoUrl" | "lastActivityAt">[]): string[] {
  const latestFirst = sessions.toSorted((one, other) => Date.parse(other.lastActivityAt) - Date.parse(one.lastActivityAt));
  return [...new Set(latestFirst.flatMap(({ repoUrl }) => repoUrl ?? []))].slice(0, ENOUGH);
}
