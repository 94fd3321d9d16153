import { createEffect, createSignal, untrack } from "solid-js";
import type { Session } from "../api/types";
import { nameOf } from "./naming";
import { type State, stateOf } from "./state";

/** Screen reader messages: each change of a session's state, not every percent. */
export function createAnnouncements(sessions: () => Session[], loaded: () => boolean) {
  const [words, setWords] = createSignal("");
  let known: Map<string, State> | undefined;

  createEffect(() => {
    if (!loaded()) return;
    const states = new Map(sessions().map((session) => [session.id, stateOf(session)]));
    if (known) {
      const changed = sessions().filter(({ id }) => known?.get(id) !== states.get(id));
      if (changed.length > 0) setWords(untrack(() => changed.map((session) => `${nameOf(session)}: ${stateOf(session)}`).join(". ")));
    }
    known = states;
  });
  return words;
}
