import type { Session } from "../api/types";
import { Dialog } from "../ui/Dialog";
import { nameOf } from "./naming";
import { stateOf } from "./state";

/** Shown only during a turn of the agent, because stopping then loses work. */
export function StopDialog(props: { session: Session; onStop: () => void; onClose: () => void }) {
  const costs = () => {
    switch (stateOf(props.session)) {
      case "needs input":
        return "The agent is waiting for your answer. You lose its current turn.";
      case "busy":
        return "The agent is working. You lose its current turn.";
      default:
        return "The agent has finished meanwhile. You lose nothing.";
    }
  };
  return (
    <Dialog label="Stop this session?" onClose={props.onClose}>
      <h2>Stop “{nameOf(props.session)}”?</h2>
      <p>
        {costs()} Files and history stay, and the session can be started again at any time.
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" autofocus onClick={() => props.onClose()}>
          Cancel
        </button>
        <button type="button" class="button danger" onClick={() => props.onStop()}>
          Stop session
        </button>
      </div>
    </Dialog>
  );
}
