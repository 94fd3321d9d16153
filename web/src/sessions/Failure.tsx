import { createUniqueId, Show } from "solid-js";
import type { Session } from "../api/types";
import { serverThatAsks } from "../logins/server";
import { Icon } from "../ui/Icon";
import type { Intents } from "./Actions";

interface FailureProps {
  session: Session;
  intents: Pick<Intents, "addGitLogin">;
  besideLog?: boolean;
}

/** Why a start failed, in the router's words, and what helps. Adds the last log lines if the log is not shown. */
export function Failure(props: FailureProps) {
  const messageId = createUniqueId();
  const phase = () => props.session.phase;
  const tail = () => (props.besideLog ? [] : (phase().logTail ?? []));
  const words = () => phase().message ?? (phase().reason ? `The start failed: ${phase().reason}.` : "The start failed.");
  return (
    <Show when={phase().name === "failed"}>
      <div class="failure">
        <p class="failure-message">
          <Icon name="warning" />
          <span id={messageId}>{words()}</span>
        </p>
        <Show when={serverThatAsks(props.session)}>
          <button
            type="button"
            class="button"
            aria-describedby={messageId}
            onClick={() => props.intents.addGitLogin(props.session)}
          >
            <Icon name="key" />
            Add a login
          </button>
        </Show>
        <Show when={tail().length > 0}>
          <details>
            <summary>{tail().length === 1 ? "Last log line" : `Last ${tail().length} log lines`}</summary>
            <pre>{tail().join("\n")}</pre>
          </details>
        </Show>
      </div>
    </Show>
  );
}
