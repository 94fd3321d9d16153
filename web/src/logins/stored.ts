import { deleteGitLogin, readGitLogins, saveGitLogin } from "../api/client";
import type { GitLogin, GitLogins, NewGitLogin } from "../api/types";
import { createStoredList } from "../secrets/storedList";
import { nameOfOrigin } from "./server";

export type StoredLogins = ReturnType<typeof createStoredLogins>;

/** What the router stores for the user: servers and user names, no tokens. */
export function createStoredLogins() {
  const list = createStoredList<GitLogins, GitLogin>({
    read: readGitLogins,
    itemsOf: ({ logins }) => logins,
    withItems: (answer, logins) => ({ ...answer, logins }),
    keyOf: ({ origin }) => origin,
    orderOf: ({ origin }) => nameOfOrigin(origin),
  });
  return {
    loaded: list.loaded,
    problem: list.problem,
    logins: list.items,
    has: list.has,
    mostBytes: () => list.answer()?.limits.tokenBytes,
    load: list.load,
    /** The router says which origin it stored. */
    async save(login: NewGitLogin): Promise<GitLogin> {
      const saved = await saveGitLogin(login);
      await list.put(saved);
      return saved;
    },
    remove: (origin: string) => list.remove(origin, () => deleteGitLogin(origin)),
  };
}
