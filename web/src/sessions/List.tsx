import { createEffect, createMemo, For, on } from "solid-js";
import type { Session } from "../api/types";
import type { Intents } from "./Actions";
import type { Commands } from "./commands";
import { createHold } from "./hold";
import { inOrder, keepOrder } from "./order";
import { Row } from "./Row";
import { keepFocus } from "./rowFocus";

interface ListProps {
  sessions: Session[];
  commands: Commands;
  intents: Intents;
  ref: (list: HTMLElement) => void;
}

/** The sessions, those that need the user first. No row moves while the user is about to act on one. */
export function List(props: ListProps) {
  let list: HTMLElement | undefined;
  let shown: string[] = [];
  let restoreFocus: (() => void) | undefined;
  const { held, listeners } = createHold();

  const ordered = createMemo(() => {
    const wanted = inOrder(props.sessions);
    const sessions = held() ? keepOrder(wanted, shown) : wanted;
    shown = sessions.map(({ id }) => id);
    if (list) restoreFocus = keepFocus(list);
    return sessions;
  });
  createEffect(on(ordered, () => restoreFocus?.()));

  return (
    <ul
      class="list"
      aria-label="Sessions"
      ref={(element) => {
        list = element;
        props.ref(element);
      }}
      {...listeners}
    >
      <For each={ordered()}>
        {(session) => <Row session={session} commands={props.commands} intents={props.intents} />}
      </For>
    </ul>
  );
}
