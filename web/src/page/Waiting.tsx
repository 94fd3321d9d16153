import type { StreamStatus } from "../live/stream";

/** Shown before the first snapshot. */
export function Waiting(props: { status: StreamStatus }) {
  return (
    <p class="waiting">
      {props.status === "reconnecting"
        ? "The router cannot be reached. Trying again; this page continues by itself."
        : "Asking the router for your sessions…"}
    </p>
  );
}
