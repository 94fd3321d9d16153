import type { NewSession } from "../api/types";

export interface Draft {
  kind: "repository" | "new-project";
  repoUrl: string;
  branch: string;
  sourceBranch: string;
  firstMessage: string;
}

export const emptyDraft = (): Draft => ({
  kind: "repository",
  repoUrl: "",
  branch: "",
  sourceBranch: "",
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
    ["branch", branch ? problemOfBranch(branch) : source ? "Enter the name of the branch to create." : undefined],
    ["sourceBranch", source ? problemOfBranch(source) : undefined],
  ];
  return Object.fromEntries(found.filter(([, sentence]) => sentence !== undefined));
}

const WITH_SCHEME = /^[a-z][a-z0-9+.-]*:\/\/\S+$/i;
const SCP_LIKE = /^[^\s@:/-][^\s@:/]*@[^\s@:/-][^\s@:/]*:[^\s]+$/;
const SECRET_IN_URL = /^[a-z][a-z0-9+.-]*:\/\/[^/@\s]*:[^/@\s]*@/i;
const OWNER_AND_NAME = /^[\w.-]+\/[\w.-]+$/;

function problemOfRepo(url: string): string | undefined {
  if (url === "") return "Enter the repository's URL, or choose New project.";
  if (SECRET_IN_URL.test(url)) return "Leave the password or token out of the URL.";
  if (WITH_SCHEME.test(url) || SCP_LIKE.test(url)) return undefined;
  if (OWNER_AND_NAME.test(url)) return `Enter the full URL, for example https://github.com/${url}.`;
  return "This is not a repository URL. Use https://host/owner/name, ssh://git@host/owner/name or git@host:owner/name.";
}

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
  set("initialMessage", draft.firstMessage);
  return wanted;
}
