import type { StreamStatus } from "./stream";

const IN_WORDS: Record<StreamStatus, string> = {
  connecting: "connecting…",
  live: "live",
  reconnecting: "reconnecting…",
};

/** Whether what is shown is current; quiet, because coming back needs nobody's help. */
export function Connection(props: { status: StreamStatus }) {
  return (
    <output class="connection" data-status={props.status}>
      <span class="connection-dot" />
      {IN_WORDS[props.status]}
    </output>
  );
}
