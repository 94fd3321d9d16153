import { For } from "solid-js";
import { Dialog } from "../ui/Dialog";

const ROWS: [keys: string[], what: string][] = [
  [["n"], "New session"],
  [["/"], "Filter the list"],
  [["j", "↓"], "Next session"],
  [["k", "↑"], "Previous session"],
  [["Enter"], "Open the session in focus"],
  [["Tab"], "Its other actions"],
  [["e"], "Keys for your sessions"],
  [["?"], "These shortcuts"],
  [["Esc"], "Close, or leave the filter"],
];

export function ShortcutsDialog(props: { onClose: () => void }) {
  return (
    <Dialog label="Keyboard shortcuts" onClose={props.onClose}>
      <h2>Keyboard shortcuts</h2>
      <dl class="shortcuts">
        <For each={ROWS}>
          {([keys, what]) => (
            <div>
              <dt>
                <For each={keys}>{(key) => <kbd>{key}</kbd>}</For>
              </dt>
              <dd>{what}</dd>
            </div>
          )}
        </For>
      </dl>
      <div class="dialog-actions">
        <button type="button" class="button" autofocus onClick={() => props.onClose()}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
