import type { StreamStatus } from "./stream";

const IN_WORDS: Record<StreamStatus, string> = {
  connecting: "connecting…",
  live: "live",
  reconnecting: "reconnecting…",
};

/** Whether the page is current. Quiet, because it reconnects without help. */
export function Connection(props: { status: StreamStatus }) {
  return (
    <output class="connection" data-status={props.status}>
      <span class="connection-dot" />
      {IN_WORDS[props.status]}
    </output>
  );
}
