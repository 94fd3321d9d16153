import { createEffect, createSignal, on, onCleanup, Show } from "solid-js";
import type { Session } from "../api/types";
import { createLog, type LogStatus } from "../log/follow";
import { isAtRest } from "../sessions/state";

const IN_WORDS: Record<LogStatus, string> = {
  opening: "opening…",
  following: "following",
  ended: "end of the log",
  failed: "trying again…",
};

const BOTTOM_SLACK_PX = 24;
const AGAIN_MS = 2000;

/** The session's log. Follows the end until the user scrolls up. */
export function Log(props: { session: Session }) {
  const log = createLog(props.session.id);
  const [atEnd, setAtEnd] = createSignal(true);
  let box: HTMLPreElement | undefined;

  const scrollToEnd = () => box?.scrollTo({ top: box.scrollHeight });
  createEffect(
    on(log.text, () => {
      if (atEnd()) scrollToEnd();
    }),
  );

  // The log is complete only if the session was at rest. Otherwise lines may have followed after the connection ended.
  let complete = isAtRest(props.session);
  createEffect(() => {
    if (log.status() !== "ended" || (complete && isAtRest(props.session))) return;
    const timer = setTimeout(() => {
      complete = isAtRest(props.session);
      log.again();
    }, AGAIN_MS);
    onCleanup(() => clearTimeout(timer));
  });

  return (
    <section class="log" aria-label="Log">
      <header>
        <h3>Log</h3>
        <span class="hint">{IN_WORDS[log.status()]}</span>
        <Show when={!atEnd()}>
          <button type="button" class="button small-button" onClick={scrollToEnd}>
            Jump to the end
          </button>
        </Show>
      </header>
      <Show when={log.status() === "failed"}>
        <p class="problem">{log.problem()}</p>
      </Show>
      <pre
        // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a box that scrolls must be reachable by keyboard
        tabindex="0"
        aria-label="Log text"
        ref={(element) => (box = element)}
        onScroll={({ currentTarget: at }) => setAtEnd(at.scrollHeight - at.scrollTop - at.clientHeight < BOTTOM_SLACK_PX)}
      >
        {log.text() || (log.status() === "opening" ? "" : "No log yet.")}
      </pre>
    </section>
  );
}
