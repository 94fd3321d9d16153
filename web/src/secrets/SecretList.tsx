import { For, Show } from "solid-js";
import type { Stored } from "./stored";
import { focusName } from "./SecretForm";
import { StoredItem } from "./StoredItem";

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
            <StoredItem
              name={secret.name}
              changedAt={secret.changedAt}
              consequence="Running sessions keep it until they are restarted."
              onReplace={() => props.onReplace(secret.name)}
              onRemove={() => remove(secret.name)}
            >
              <Show when={props.stored.providerOf(secret.name)}>{(provider) => <>{provider()}, </>}</Show>
            </StoredItem>
          )}
        </For>
      </ul>
    </Show>
  );
}
