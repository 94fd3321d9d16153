import { Show } from "solid-js";
import type { Phase } from "../api/types";

/** Git's progress of the clone. Empty in other phases. */
export function ClonePercent(props: { phase: Phase }) {
  const percent = () => (props.phase.name === "cloning" ? props.phase.percent : undefined);
  return (
    <Show when={percent() !== undefined}>
      <progress class="clone-percent" max="100" value={percent()} aria-label="Cloned" />
    </Show>
  );
}
