import type { NewSession } from "../api/types";

export interface Draft {
  kind: "repository" | "new-project";
  repoUrl: string;
  branch: string;
  sourceBranch: string;
  /** Empty: the same as before, or the first one for a new session. */
  profile: string;
  firstMessage: string;
}

export const emptyDraft = (): Draft => ({
  kind: "repository",
  repoUrl: "",
  branch: "",
  sourceBranch: "",
  profile: "",
  firstMessage: "",
});

export type DraftField = "repoUrl" | "branch" | "sourceBranch";
export type DraftProblems = Partial<Record<DraftField, string>>;

/** Checks before the request. The router checks again. */
export function problemsOf(draft: Draft): DraftProblems {
  if (draft.kind === "new-project") return {};
  const branch = draft.branch.trim();
  const source = draft.sourceBranch.trim();
  const found: [DraftField, string | undefined][] = [
    ["repoUrl", problemOfRepo(draft.repoUrl.trim())],
    ["branch", branch ? problemOfBranch(branch) : undefined],
    ["sourceBranch", source ? problemOfBranch(source) : undefined],
  ];
  return Object.fromEntries(found.filter(([, sentence]) => sentence !== undefined));
}

/** The router understands what people paste, and refuses the rest with a sentence. */
const problemOfRepo = (typed: string) => (typed === "" ? "Enter the repository's URL, or choose New project." : undefined);

// oxlint-disable-next-line no-control-regex -- git refuses control characters in names
const REFUSED_BY_GIT = /[\u0000-\u0020\u007F~^:?*[\\]|\.\.|@\{|\/\/|\.lock(?:\/|$)|^[-/.]|\/\.|[/.]$|^@$/;

function problemOfBranch(name: string): string | undefined {
  return REFUSED_BY_GIT.test(name) ? "Git does not allow this branch name." : undefined;
}

/** The request body: only filled-in fields, and no repository fields for a new project. */
export function requestOf(draft: Draft): NewSession {
  const wanted: NewSession = {};
  const set = (field: keyof NewSession, typed: string) => {
    if (typed.trim() !== "") wanted[field] = typed.trim();
  };
  if (draft.kind === "repository") {
    set("repoUrl", draft.repoUrl);
    set("branch", draft.branch);
    set("sourceBranch", draft.sourceBranch);
  }
  set("profile", draft.profile);
  set("initialMessage", draft.firstMessage);
  return wanted;
}
