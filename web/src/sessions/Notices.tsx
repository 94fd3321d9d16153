import { For, Show } from "solid-js";
import type { Session } from "../api/types";
import { Icon } from "../ui/Icon";
import { usageWarnings } from "./usage";

/** What the router says of a ready session, and warnings about its disk and memory. Usually nothing. */
export function Notices(props: { session: Session }) {
  const message = () => (props.session.phase.name === "ready" ? props.session.phase.message : undefined);
  return (
    <>
      <Show when={message()}>
        <p class="notice" data-level="near">
          <Icon name="warning" />
          <span>{message()}</span>
        </p>
      </Show>
      <For each={usageWarnings(props.session)}>
        {(warning) => (
          <p class="notice" data-level={warning.level}>
            <Icon name="warning" />
            <span>{warning.text}</span>
          </p>
        )}
      </For>
    </>
  );
}
