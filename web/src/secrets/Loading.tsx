import { type ParentProps, Show } from "solid-js";

interface LoadingProps {
  loaded: boolean;
  /** Why it could not be read. */
  problem: string;
  onRetry: () => void;
}

/** What the router stores, once it has told. */
export function Loading(props: ParentProps<LoadingProps>) {
  return (
    <>
      <Show when={props.problem}>
        <div class="problem" role="alert">
          <span>{props.problem}</span>
          <button type="button" class="button" onClick={() => props.onRetry()}>
            Retry
          </button>
        </div>
      </Show>
      <Show when={!props.loaded && !props.problem}>
        <p class="hint">Loading…</p>
      </Show>
      <Show when={props.loaded}>{props.children}</Show>
    </>
  );
}
