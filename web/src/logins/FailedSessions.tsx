import { createMemo, For, Show } from "solid-js";
import type { GitLogin, Session } from "../api/types";
import type { Commands } from "../sessions/commands";
import { nameOf } from "../sessions/naming";
import { failedBefore } from "./server";

interface FailedSessionsProps {
  logins: GitLogin[];
  sessions: Session[];
  commands: Commands;
}

const TRY_AGAIN = "login-try-again";

export function focusTryAgain(): boolean {
  const button = document.querySelector<HTMLElement>(`.${TRY_AGAIN}`);
  button?.focus();
  return button !== null;
}

/** Starts sessions that failed before the user stored the login. */
export function FailedSessions(props: FailedSessionsProps) {
  const failed = createMemo(() => failedBefore(props.logins, props.sessions));
  return (
    <div class="earlier" aria-live="polite">
      <For each={failed()}>
        {(session) => {
          const busy = () => props.commands.running(session.id) === "start";
          return (
            <>
              <div class="earlier-line">
                <span id={`login-failed-${session.id}`}>“{nameOf(session)}” failed before you saved this login.</span>
                <button
                  type="button"
                  class={`button ${TRY_AGAIN}`}
                  classList={{ working: busy() }}
                  aria-busy={busy()}
                  aria-describedby={`login-failed-${session.id}`}
                  onClick={() => void props.commands.start(session.id)}
                >
                  Try again
                </button>
              </div>
              <Show when={props.commands.problem(session.id)}>{(problem) => <p class="problem">{problem()}</p>}</Show>
            </>
          );
        }}
      </For>
    </div>
  );
}
