import { For, Show } from "solid-js";
import type { GitLogin } from "../api/types";
import { StoredItem } from "../secrets/StoredItem";
import { focusField } from "./LoginForm";
import { nameOfOrigin } from "./server";
import type { StoredLogins } from "./stored";

interface LoginListProps {
  stored: StoredLogins;
  onReplace: (login: GitLogin) => void;
}

export function LoginList(props: LoginListProps) {
  async function remove(origin: string): Promise<void> {
    await props.stored.remove(origin);
    focusField("server");
  }
  return (
    <Show when={props.stored.logins().length > 0} fallback={<p class="no-secrets">You have no Git logins yet.</p>}>
      <ul class="secrets" aria-label="Your Git logins">
        <For each={props.stored.logins()}>
          {(login) => (
            <StoredItem
              name={nameOfOrigin(login.origin)}
              changedAt={login.changedAt}
              consequence="Running sessions lose it too, within about a minute."
              onReplace={() => props.onReplace(login)}
              // A forwarded one would come back.
              onRemove={login.forwarded ? undefined : () => remove(login.origin)}
            >
              {login.forwarded ? "from your sign-in" : `user name ${login.username}`},{" "}
            </StoredItem>
          )}
        </For>
      </ul>
    </Show>
  );
}
