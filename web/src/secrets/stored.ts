import { deleteSecret, readSecrets, saveSecret } from "../api/client";
import type { Secret, Secrets } from "../api/types";
import { createStoredList } from "./storedList";

export type Stored = ReturnType<typeof createStored>;

/** What the router stores for the user: names, no values. */
export function createStored() {
  const list = createStoredList<Secrets, Secret>({
    read: readSecrets,
    itemsOf: ({ secrets }) => secrets,
    withItems: (answer, secrets) => ({ ...answer, secrets }),
    keyOf: ({ name }) => name,
    orderOf: ({ name }) => name,
  });
  const suggestions = () => list.answer()?.suggestions ?? [];
  return {
    loaded: list.loaded,
    problem: list.problem,
    names: list.items,
    has: list.has,
    suggestions,
    providerOf: (name: string) => suggestions().find((suggestion) => suggestion.name === name)?.provider,
    mostBytes: () => list.answer()?.limits.valueBytes,
    load: list.load,
    async save(name: string, value: string): Promise<void> {
      await saveSecret(name, value);
      await list.put({ name, changedAt: new Date().toISOString() });
    },
    remove: (name: string) => list.remove(name, () => deleteSecret(name)),
  };
}
