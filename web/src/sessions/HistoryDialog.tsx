import type { Session } from "../api/types";
import { Dialog } from "../ui/Dialog";
import { nameOf } from "./naming";

/** Shown before a start without the history. */
export function HistoryDialog(props: { session: Session; onStart: () => void; onClose: () => void }) {
  return (
    <Dialog label="Start without its history?" onClose={props.onClose}>
      <h2>Start “{nameOf(props.session)}” without its history?</h2>
      <p>The session begins with an empty list of conversations. Its files and branches stay as they are.</p>
      <p>
        The old history is not deleted: it is kept in the folder <span class="mono">history</span> beside the session’s
        home, <span class="mono">~/../history</span> in its terminal.
      </p>
      <div class="dialog-actions">
        <button type="button" class="button" autofocus onClick={() => props.onClose()}>
          Cancel
        </button>
        <button type="button" class="button primary" onClick={() => props.onStart()}>
          Start without history
        </button>
      </div>
    </Dialog>
  );
}
