import { Show } from "solid-js";
import type { Session } from "../api/types";
import { stateOf } from "../sessions/state";

interface ToolbarProps {
  sessions: Session[];
  filter: string;
  onFilter: (typed: string) => void;
}

/** Up to this many sessions, the list needs no filter. */
const FEW = 5;

export function focusFilter(): boolean {
  const box = document.querySelector<HTMLInputElement>("#filter");
  box?.focus();
  return box !== null;
}

export function Toolbar(props: ToolbarProps) {
  const counts = () => {
    const states = props.sessions.map(stateOf);
    const told = (["needs input", "busy", "failed"] as const)
      .map((state) => ({ state, count: states.filter((other) => other === state).length }))
      .filter(({ count }) => count > 0)
      .map(({ state, count }) => (state === "needs input" && count > 1 ? `${count} need input` : `${count} ${state}`));
    return [`${states.length} in all`, ...told].join(", ");
  };
  return (
    <div class="toolbar">
      <h2>My sessions</h2>
      <span class="hint">{counts()}</span>
      <span class="spacer" />
      <Show when={props.sessions.length > FEW || props.filter !== ""}>
        <input
          id="filter"
          type="search"
          aria-label="Filter sessions"
          aria-keyshortcuts="/"
          placeholder="Filter  ( / )"
          autocomplete="off"
          spellcheck={false}
          value={props.filter}
          onInput={(event) => props.onFilter(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Escape") return;
            props.onFilter("");
            event.currentTarget.blur();
          }}
        />
      </Show>
    </div>
  );
}
