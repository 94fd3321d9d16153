import type { Session } from "../api/types";

const SCP_LIKE = /^(?:[^@/\s]+@)?([^:/\s]+):(?!\/\/)(.+)$/;

/** host/owner/name of a repository, for any form of its URL. */
export function shortRepo(repoUrl: string): string {
  const scp = repoUrl.includes("://") ? null : SCP_LIKE.exec(repoUrl);
  if (scp) return tidy(`${scp[1]}/${scp[2]}`);
  try {
    const { hostname, pathname } = new URL(repoUrl);
    return tidy(`${hostname}${decodeURI(pathname)}`);
  } catch {
    return repoUrl;
  }
}

const tidy = (path: string) => path.replace(/\/+$/, "").replace(/\.git$/, "");

/** A session's name: its title, else its repository's name, else "New project". */
export function nameOf({ title, repoUrl }: Pick<Session, "title" | "repoUrl">): string {
  if (title?.trim()) return title.trim();
  if (repoUrl) return shortRepo(repoUrl).split("/").at(-1) || repoUrl;
  return "New project";
}

/** A session's branch for people. */
export function branchLabel({ branch, defaultBranch }: Pick<Session, "branch" | "defaultBranch">): string | undefined {
  if (branch === null) return "default branch";
  return branch && defaultBranch ? `${branch} (default)` : branch;
}

/** Only web addresses from the server become links. */
export function webAddress(url: string): string | undefined {
  try {
    const { protocol, href } = new URL(url);
    return protocol === "https:" || protocol === "http:" ? href : undefined;
  } catch {
    return undefined;
  }
}
