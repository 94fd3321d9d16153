import { createMemo, createSignal, For, Show } from "solid-js";
import type { Session } from "../api/types";
import type { Commands } from "../sessions/commands";
import { nameOf } from "../sessions/naming";
import { earlierText, restartLabel, runningEarlier } from "./earlier";

interface EarlierSessionsProps {
  sessions: Session[];
  commands: Commands;
}

/** Says which sessions run with earlier keys, and restarts them. A session in a turn is restarted by its own button. */
export function EarlierSessions(props: EarlierSessionsProps) {
  const earlier = createMemo(() => runningEarlier(props.sessions));
  const count = () => earlier().free.length + earlier().inATurn.length;
  const [restarted, setRestarted] = createSignal<ReadonlySet<string>>(new Set());
  const failed = () => props.sessions.filter(({ id }) => restarted().has(id) && props.commands.problem(id));

  function restart(sessions: Session[]): void {
    const ids = sessions.map(({ id }) => id);
    setRestarted((before) => new Set([...before, ...ids]));
    for (const id of ids) void props.commands.restart(id);
  }

  const button = (label: string, sessions: () => Session[], describedBy?: string) => {
    const busy = () => sessions().some(({ id }) => props.commands.running(id) === "restart");
    return (
      <button
        type="button"
        class="button"
        classList={{ working: busy() }}
        aria-busy={busy()}
        aria-describedby={describedBy}
        onClick={() => restart(sessions())}
      >
        {label}
      </button>
    );
  };

  return (
    <div class="earlier" aria-live="polite">
      <Show when={count() > 0}>
        <div class="earlier-line">
          <span>{earlierText(count())}</span>
          <Show when={earlier().free.length > 0}>
            {button(restartLabel(earlier().free.length, earlier().inATurn.length), () => earlier().free)}
          </Show>
        </div>
        <For each={earlier().inATurn}>
          {(session) => (
            <div class="earlier-line">
              <span id={`earlier-${session.id}`}>In “{nameOf(session)}”, the agent loses its current turn.</span>
              {button("Restart", () => [session], `earlier-${session.id}`)}
            </div>
          )}
        </For>
      </Show>
      <For each={failed()}>
        {(session) => (
          <p class="problem">
            “{nameOf(session)}”: {props.commands.problem(session.id)}
          </p>
        )}
      </For>
    </div>
  );
}
