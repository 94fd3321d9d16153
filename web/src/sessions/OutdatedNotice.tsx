import { Show } from "solid-js";
import type { Session } from "../api/types";
import type { Commands } from "./commands";
import { outdatedText } from "./outdated";

/** Says that a restart would change something, and offers it. */
export function OutdatedNotice(props: { session: Session; commands: Commands }) {
  const busy = () => props.commands.running(props.session.id) === "restart";
  return (
    <Show when={outdatedText(props.session)}>
      {(text) => (
        <div class="problem">
          <span>{text()}</span>
          <button
            type="button"
            class="button"
            classList={{ working: busy() }}
            aria-busy={busy()}
            onClick={() => void props.commands.restart(props.session.id)}
          >
            Restart
          </button>
        </div>
      )}
    </Show>
  );
}
