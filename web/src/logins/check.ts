import { problemOfValue } from "../secrets/check";
import { originOf } from "./server";

/** What the user types. */
export interface LoginDraft {
  server: string;
  username: string;
  token: string;
}

export type LoginField = keyof LoginDraft;
export type LoginProblems = Partial<Record<LoginField, string | undefined>>;

export const emptyLogin = (): LoginDraft => ({ server: "", username: "", token: "" });

/** Checks before the request. The router checks again. `mostBytes` is unknown before it has answered. */
export function problemsOfLogin(draft: LoginDraft, mostBytes: number | undefined): LoginProblems {
  const found: [LoginField, string | undefined][] = [
    ["server", problemOfServer(draft.server.trim())],
    ["username", draft.username.includes(":") ? "A user name has no colon." : undefined],
    ["token", problemOfValue(draft.token.trim(), mostBytes, "token")],
  ];
  return Object.fromEntries(found.filter(([, sentence]) => sentence !== undefined));
}

function problemOfServer(server: string): string | undefined {
  if (server === "") return "Enter a server.";
  if (originOf(server) === undefined) return "Enter a host such as github.com, or an address that begins with https://.";
  return undefined;
}
