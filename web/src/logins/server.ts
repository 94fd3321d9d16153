import type { GitLogin, Session } from "../api/types";

const WITHOUT_WEB = /^(?:ssh|git\+ssh|git):/i;
const WITH_USER = /^[^@/\s]+@(\[[^\]\s]+\]|[^:/\s]+)(?::|$)/;
const WITH_PATH_AFTER_COLON = /^([a-z0-9][^@:/\s]*):(?!\d+(?:\/|$))[^/\s]/i;
const WITH_PATH = /^([a-z0-9][^@/\s]*[.:][^@/\s]*)\//i;

/** The server of a pasted repository address or git clone command. Any other text stays as it is. */
export function serverIn(text: string): string {
  const words = text.trim().split(/\s+/);
  return words.map(serverOfAddress).find((server) => server !== undefined) ?? text.trim();
}

function serverOfAddress(word: string): string | undefined {
  if (word.includes("://")) return serverOfUrl(word);
  return (WITH_USER.exec(word) ?? WITH_PATH_AFTER_COLON.exec(word) ?? WITH_PATH.exec(word))?.[1];
}

/** SSH has a port of its own, which says nothing of the web's. Older browsers find no host in its URLs. */
function serverOfUrl(text: string): string | undefined {
  if (WITHOUT_WEB.test(text)) return urlIn(text.replace(WITHOUT_WEB, "https:"))?.hostname;
  const url = urlIn(text);
  return url && isOfWeb(url) ? url.origin : undefined;
}

const urlIn = (text: string) => (URL.canParse(text) ? new URL(text) : undefined);

const isOfWeb = ({ protocol }: URL) => protocol === "https:" || protocol === "http:";

/** The origin that the router stores for a typed server, if it is one. */
export function originOf(server: string): string | undefined {
  if (/[\s\\]/.test(server)) return undefined;
  const url = urlIn(server.includes("://") ? server : `https://${server}`);
  if (!url || !isOfWeb(url) || url.href !== `${url.origin}/`) return undefined;
  return url.origin;
}

/** An origin as people name it. */
export const nameOfOrigin = (origin: string) => origin.replace(/^https:\/\//, "");

/** The server that a login for this repository is for. Git uses no login of this kind over SSH. */
export function originOfRepo(repoUrl: string | undefined): string | undefined {
  const url = urlIn(repoUrl ?? "");
  return url && isOfWeb(url) ? url.origin : undefined;
}

/** The servers of the sessions' repositories that have no login yet. */
export function serversWithoutLogin(sessions: readonly Pick<Session, "repoUrl">[], logins: readonly GitLogin[]): string[] {
  const known = new Set(logins.map(({ origin }) => origin));
  const origins = new Set(sessions.flatMap(({ repoUrl }) => originOfRepo(repoUrl) ?? []));
  return [...origins].filter((origin) => !known.has(origin)).map(nameOfOrigin).toSorted();
}

/** The server that asks for a login, if that is why the session failed. */
export function serverThatAsks({ phase, repoUrl }: Session): string | undefined {
  const asks = phase.name === "failed" && phase.reason === "repository-needs-credentials";
  return asks ? originOfRepo(repoUrl) : undefined;
}

/** The sessions that failed before their server's login was stored, so that another start may succeed. */
export function failedBefore(logins: readonly GitLogin[], sessions: Session[]): Session[] {
  const changed = new Map(logins.map(({ origin, changedAt }) => [origin, Date.parse(changedAt)]));
  return sessions.filter((session) => {
    const origin = serverThatAsks(session);
    return origin !== undefined && Date.parse(session.phase.since) <= (changed.get(origin) ?? -Infinity);
  });
}
