import { Show } from "solid-js";
import { Icon } from "../ui/Icon";
import type { Commands } from "./commands";

/** Why the last command on a session failed. Stays until dismissed or retried. */
export function ActionProblem(props: { id: string; commands: Commands }) {
  return (
    <Show when={props.commands.problem(props.id)}>
      {(sentence) => (
        <div class="problem" role="alert">
          <span>{sentence()}</span>
          <button type="button" class="button icon-only" aria-label="Dismiss" onClick={() => props.commands.dismiss(props.id)}>
            <Icon name="close" />
          </button>
        </div>
      )}
    </Show>
  );
}
