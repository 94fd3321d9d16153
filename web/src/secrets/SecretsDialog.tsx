import { createSignal, onMount, Show } from "solid-js";
import type { Session } from "../api/types";
import type { Commands } from "../sessions/commands";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { EarlierSessions } from "./EarlierSessions";
import { SecretForm } from "./SecretForm";
import { SecretList } from "./SecretList";
import { createStored } from "./stored";
import { focusValue } from "./ValueField";

interface SecretsDialogProps {
  sessions: Session[];
  commands: Commands;
  onClose: () => void;
}

/** The user's secrets. The page calls them keys, because that is what most of them are. */
export function SecretsDialog(props: SecretsDialogProps) {
  const stored = createStored();
  const [name, setName] = createSignal("");
  const [value, setValue] = createSignal("");
  onMount(() => void stored.load());

  function replace(chosen: string): void {
    setName(chosen);
    setValue("");
    focusValue();
  }

  return (
    <Dialog label="Keys" class="medium" onClose={props.onClose}>
      <header class="drawer-header">
        <h2>Keys</h2>
        <button type="button" class="button icon-only" aria-label="Close" onClick={() => props.onClose()}>
          <Icon name="close" />
        </button>
      </header>
      <p class="hint">
        Your sessions get these as environment variables at their next start. Nobody can read them here, also not you.
      </p>
      <Show when={stored.problem()}>
        <div class="problem" role="alert">
          <span>{stored.problem()}</span>
          <button type="button" class="button" onClick={() => void stored.load()}>
            Retry
          </button>
        </div>
      </Show>
      <Show when={!stored.loaded() && !stored.problem()}>
        <p class="hint">Loading…</p>
      </Show>
      <Show when={stored.loaded()}>
        <SecretList stored={stored} onReplace={replace} />
      </Show>
      <SecretForm stored={stored} name={name()} setName={setName} value={value()} setValue={setValue} />
      <EarlierSessions sessions={props.sessions} commands={props.commands} />
    </Dialog>
  );
}
