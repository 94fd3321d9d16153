import { Show } from "solid-js";
import type { Session } from "../api/types";
import type { Commands } from "./commands";

/** Asks once for each repository whether opencode may use its configuration. */
export function TrustQuestion(props: { session: Session; commands: Commands }) {
  const busy = () => props.commands.running(props.session.id) === "trust";
  return (
    <Show when={props.session.asksForTrust}>
      <div class="problem">
        <span>
          This repository configures opencode: plugins, commands or MCP servers. They can run programs with your logins, so
          opencode ignores them until you trust the repository.
        </span>
        <button
          type="button"
          class="button"
          classList={{ working: busy() }}
          aria-busy={busy()}
          onClick={() => void props.commands.trust(props.session.id)}
        >
          Trust and restart
        </button>
      </div>
    </Show>
  );
}
