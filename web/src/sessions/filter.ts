import type { Session } from "../api/types";
import { branchLabel, nameOf, shortRepo } from "./naming";
import { stateLabel } from "./state";

/** Every word of the filter must occur in the text of the row. */
export function matches(session: Session, typed: string): boolean {
  const shown = [nameOf(session), session.repoUrl ? shortRepo(session.repoUrl) : "", branchLabel(session) ?? "", stateLabel(session)]
    .join(" ")
    .toLowerCase();
  return typed
    .toLowerCase()
    .split(/\s+/)
    .every((word) => shown.includes(word));
}
