import { createSignal } from "solid-js";
import { deleteSecret, readSecrets, saveSecret } from "../api/client";
import { Problem, sentenceOf } from "../api/problem";
import type { Secret, Secrets } from "../api/types";

export type Stored = ReturnType<typeof createStored>;

/** What the router stores for the user: names, no values. */
export function createStored() {
  const [answer, setAnswer] = createSignal<Secrets>();
  const [problem, setProblem] = createSignal("");
  const names = () => answer()?.secrets ?? [];

  async function load(): Promise<void> {
    setProblem("");
    try {
      setAnswer(await readSecrets());
    } catch (thrown) {
      setProblem(sentenceOf(thrown));
    }
  }

  function change(secrets: Secret[]): void {
    const sorted = secrets.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    setAnswer((before) => before && { ...before, secrets: sorted });
  }

  const without = (name: string) => names().filter((secret) => secret.name !== name);

  async function save(name: string, value: string): Promise<void> {
    await saveSecret(name, value);
    if (answer()) change([...without(name), { name, changedAt: new Date().toISOString() }]);
    else await load();
  }

  async function remove(name: string): Promise<void> {
    try {
      await deleteSecret(name);
      change(without(name));
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
    names,
    has: (name: string) => names().some((secret) => secret.name === name),
    suggestions: () => answer()?.suggestions ?? [],
    providerOf: (name: string) => answer()?.suggestions.find((suggestion) => suggestion.name === name)?.provider,
    mostBytes: () => answer()?.limits.valueBytes,
    load,
    save,
    remove,
  };
}
