import { createMemo, createSignal } from "solid-js";
import { deleteGitLogin, readGitLogins, saveGitLogin } from "../api/client";
import { Problem, sentenceOf } from "../api/problem";
import type { GitLogin, GitLogins, NewGitLogin } from "../api/types";
import { nameOfOrigin } from "./server";

export type StoredLogins = ReturnType<typeof createStoredLogins>;

/** What the router stores for the user: servers and user names, no tokens. */
export function createStoredLogins() {
  const [answer, setAnswer] = createSignal<GitLogins>();
  const [problem, setProblem] = createSignal("");
  const logins = createMemo(() => (answer()?.logins ?? []).toSorted(byName));

  async function load(): Promise<void> {
    setProblem("");
    try {
      setAnswer(await readGitLogins());
    } catch (thrown) {
      setProblem(sentenceOf(thrown));
    }
  }

  function change(changed: GitLogin[]): void {
    setAnswer((before) => before && { ...before, logins: changed });
  }

  const without = (origin: string) => logins().filter((login) => login.origin !== origin);

  /** The router says which origin it stored. */
  async function save(login: NewGitLogin): Promise<GitLogin> {
    const saved = await saveGitLogin(login);
    if (answer()) change([...without(saved.origin), saved]);
    else await load();
    return saved;
  }

  async function remove(origin: string): Promise<void> {
    try {
      await deleteGitLogin(origin);
      change(without(origin));
    } catch (thrown) {
      // Another tab was faster.
      if (thrown instanceof Problem && thrown.status === 404) await load();
      else throw thrown;
    }
  }

  return {
    loaded: () => answer() !== undefined,
    /** Why the list could not be read. */
    problem,
    logins,
    has: (origin: string | undefined) => logins().some((login) => login.origin === origin),
    mostBytes: () => answer()?.limits.tokenBytes,
    load,
    save,
    remove,
  };
}

const byName = (one: GitLogin, other: GitLogin) => (nameOfOrigin(one.origin) < nameOfOrigin(other.origin) ? -1 : 1);
