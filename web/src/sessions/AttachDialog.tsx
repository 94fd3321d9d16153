import { createSignal, onMount } from "solid-js";
import type { AttachToken, Session } from "../api/types";
import { now } from "../time/clock";
import { formatDuration } from "../time/duration";
import { Dialog } from "../ui/Dialog";
import { nameOf } from "./naming";

/** Shows the command even after copying: the clipboard may not work, and the token is never shown again. */
export function AttachDialog(props: { session: Session; token: AttachToken; onClose: () => void }) {
  const [copied, setCopied] = createSignal<"yes" | "no" | "trying">("trying");
  let command: HTMLTextAreaElement | undefined;

  async function copy(): Promise<void> {
    try {
      await navigator.clipboard.writeText(props.token.attachCommand);
      setCopied("yes");
    } catch {
      setCopied("no");
      command?.select();
    }
  }
  onMount(() => void copy());

  const expires = () => Date.parse(props.token.expiresAt);
  const date = () => new Date(expires()).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });

  return (
    <Dialog label="Attach command" class="medium" onClose={props.onClose}>
      <h2>Attach to “{nameOf(props.session)}”</h2>
      <output>
        {copied() === "yes" && "Copied. Paste it into a terminal on a machine that has opencode."}
        {copied() === "no" && "The page cannot use the clipboard. Select the command and copy it yourself."}
      </output>
      <textarea
        class="mono command"
        aria-label="Attach command"
        readonly
        rows="3"
        autofocus
        ref={(element) => (command = element)}
        onFocus={(event) => event.currentTarget.select()}
      >
        {props.token.attachCommand}
      </textarea>
      <p class="hint">
        It holds a fresh token that is shown only this once and lets anyone who has it use this session. It expires in{" "}
        {formatDuration(expires() - now())} ({date()}). It works for a stopped session too: attaching wakes it.
      </p>
      <p class="hint">{props.token.attachNote}</p>
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => void copy()}>
          {copied() === "yes" ? "Copy again" : "Copy"}
        </button>
        <button type="button" class="button primary" onClick={() => props.onClose()}>
          Done
        </button>
      </div>
    </Dialog>
  );
}
