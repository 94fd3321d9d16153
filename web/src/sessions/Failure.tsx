import { Show } from "solid-js";
import type { Session } from "../api/types";
import { Icon } from "../ui/Icon";

/** Why a start failed, in the router's words. Adds the last log lines if the log is not shown. */
export function Failure(props: { session: Session; besideLog?: boolean }) {
  const phase = () => props.session.phase;
  const tail = () => (props.besideLog ? [] : (phase().logTail ?? []));
  const words = () => phase().message ?? (phase().reason ? `The start failed: ${phase().reason}.` : "The start failed.");
  return (
    <Show when={phase().name === "failed"}>
      <div class="failure">
        <p class="failure-message">
          <Icon name="warning" />
          <span>{words()}</span>
        </p>
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
