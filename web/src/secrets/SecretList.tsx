import { For, Show } from "solid-js";
import { SecretItem } from "./SecretItem";
import type { Stored } from "./stored";
import { focusName } from "./SecretForm";

interface SecretListProps {
  stored: Stored;
  onReplace: (name: string) => void;
}

export function SecretList(props: SecretListProps) {
  async function remove(name: string): Promise<void> {
    await props.stored.remove(name);
    focusName();
  }
  return (
    <Show when={props.stored.names().length > 0} fallback={<p class="no-secrets">You have no keys yet.</p>}>
      <ul class="secrets" aria-label="Your keys">
        <For each={props.stored.names()}>
          {(secret) => (
            <SecretItem
              secret={secret}
              provider={props.stored.providerOf(secret.name)}
              onReplace={() => props.onReplace(secret.name)}
              onRemove={() => remove(secret.name)}
            />
          )}
        </For>
      </ul>
    </Show>
  );
}
