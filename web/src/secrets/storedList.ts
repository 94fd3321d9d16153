import { createSignal } from "solid-js";
import { Problem, sentenceOf } from "../api/problem";

/** A list that the router stores for the user, and its changes. */
export interface Kind<Answer, Item> {
  read: () => Promise<Answer>;
  itemsOf: (answer: Answer) => Item[];
  withItems: (answer: Answer, items: Item[]) => Answer;
  keyOf: (item: Item) => string;
  /** What the list is sorted by. */
  orderOf: (item: Item) => string;
}

export function createStoredList<Answer extends object, Item>(kind: Kind<Answer, Item>) {
  const [answer, setAnswer] = createSignal<Answer>();
  const [problem, setProblem] = createSignal("");
  const items = () => {
    const known = answer();
    return known ? kind.itemsOf(known) : [];
  };

  async function load(): Promise<void> {
    setProblem("");
    try {
      const read = await kind.read();
      setAnswer(() => withSorted(read, kind.itemsOf(read)));
    } catch (thrown) {
      setProblem(sentenceOf(thrown));
    }
  }

  function withSorted(known: Answer, changed: Item[]): Answer {
    const sorted = changed.toSorted((one, other) => (kind.orderOf(one) < kind.orderOf(other) ? -1 : 1));
    return kind.withItems(known, sorted);
  }

  const without = (key: string) => items().filter((item) => kind.keyOf(item) !== key);

  function change(changed: Item[]): void {
    setAnswer((known) => known && withSorted(known, changed));
  }

  /** Shows an item that the router has stored. */
  async function put(item: Item): Promise<void> {
    if (answer()) change([...without(kind.keyOf(item)), item]);
    else await load();
  }

  /** Removes an item by `request`. */
  async function remove(key: string, request: () => Promise<void>): Promise<void> {
    try {
      await request();
      change(without(key));
    } catch (thrown) {
      // Another tab was faster.
      if (thrown instanceof Problem && thrown.status === 404) await load();
      else throw thrown;
    }
  }

  return {
    answer,
    loaded: () => answer() !== undefined,
    /** Why the list could not be read. */
    problem,
    items,
    has: (key: string | undefined) => items().some((item) => kind.keyOf(item) === key),
    load,
    put,
    remove,
  };
}
