import type { Session } from "../api/types";

const CHANGES = { profile: "profile", image: "image", secrets: "Secrets", keys: "keys" };

/** What changed since the session's start, and what a restart costs. Usually nothing. */
export function outdatedText({ outdated = [], busy, needsInput }: Pick<Session, "outdated" | "busy" | "needsInput">): string {
  if (outdated.length === 0) return "";
  const names = outdated.map((what) => CHANGES[what]);
  const list = names.length === 1 ? names[0] : `${names.slice(0, -1).join(", ")} and ${names[names.length - 1]}`;
  const cost = busy || needsInput ? " The agent loses its current turn." : "";
  return `Its ${list} changed since its start. Restart to apply.${cost}`;
}
