import { Show } from "solid-js";
import type { Session } from "../api/types";
import { Dialog } from "../ui/Dialog";
import { nameOf, shortRepo } from "./naming";
import { stateOf } from "./state";

export function DeleteDialog(props: { session: Session; onDelete: () => void; onClose: () => void }) {
  const working = () => ["busy", "needs input"].includes(stateOf(props.session));
  return (
    <Dialog label="Delete this session?" onClose={props.onClose}>
      <h2>Delete “{nameOf(props.session)}”?</h2>
      <p>This cannot be undone. You lose:</p>
      <ul class="plain-list">
        <li>the session’s files, with all work that is not committed and pushed</li>
        <li>its history: every conversation with the agent</li>
        <li>its attach tokens</li>
        <Show when={working()}>
          <li>the agent’s current work</li>
        </Show>
      </ul>
      <Show when={props.session.repoUrl}>
        {(url) => (
          <p>
            The repository <span class="mono">{shortRepo(url())}</span> itself stays as it is.
          </p>
        )}
      </Show>
      <div class="dialog-actions">
        <button type="button" class="button" autofocus onClick={() => props.onClose()}>
          Cancel
        </button>
        <button type="button" class="button danger" onClick={() => props.onDelete()}>
          Delete session
        </button>
      </div>
    </Dialog>
  );
}
