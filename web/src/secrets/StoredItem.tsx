import { createSignal, createUniqueId, type ParentProps, Show } from "solid-js";
import { sentenceOf } from "../api/problem";
import { now } from "../time/clock";
import { formatAgo } from "../time/duration";

interface StoredItemProps {
  name: string;
  /** RFC 3339. */
  changedAt: string;
  /** What the question says about removing it. */
  consequence: string;
  onReplace: () => void;
  /** Without it, it cannot be removed. */
  onRemove?: (() => Promise<void>) | undefined;
}

/** A stored name, with what else is known of it before the time of its change. “Remove” asks first, in place. */
export function StoredItem(props: ParentProps<StoredItemProps>) {
  const [asking, setAsking] = createSignal(false);
  const [removing, setRemoving] = createSignal(false);
  const [problem, setProblem] = createSignal("");
  const nameId = createUniqueId();
  const questionId = `${nameId}-question`;
  const changed = () => `changed ${formatAgo(now() - Date.parse(props.changedAt))}`;
  let removeButton: HTMLButtonElement | undefined;
  let keepButton: HTMLButtonElement | undefined;

  function ask(): void {
    setAsking(true);
    keepButton?.focus();
    document.getElementById(questionId)?.scrollIntoView({ block: "nearest" });
  }

  function keep(): void {
    setAsking(false);
    setProblem("");
    removeButton?.focus();
  }

  async function remove(): Promise<void> {
    if (removing()) return;
    setProblem("");
    setRemoving(true);
    try {
      await props.onRemove?.();
    } catch (thrown) {
      setProblem(sentenceOf(thrown));
    } finally {
      setRemoving(false);
    }
  }

  return (
    <li class="secret" aria-labelledby={nameId}>
      <div class="secret-text">
        <span id={nameId} class="mono">
          {props.name}
        </span>
        <p class="hint">
          {props.children}
          {changed()}
        </p>
      </div>
      <Show
        when={asking()}
        fallback={
          <div class="secret-actions">
            <button type="button" class="button small-button" aria-describedby={nameId} onClick={() => props.onReplace()}>
              Replace
            </button>
            <Show when={props.onRemove}>
              <button
                type="button"
                class="button small-button"
                aria-describedby={nameId}
                ref={(element) => (removeButton = element)}
                onClick={ask}
              >
                Remove
              </button>
            </Show>
          </div>
        }
      >
        <Question
          id={questionId}
          consequence={props.consequence}
          removing={removing()}
          keepRef={(element) => (keepButton = element)}
          onKeep={keep}
          onRemove={() => void remove()}
        />
      </Show>
      <Show when={problem()}>
        <p class="problem" role="alert">
          {problem()}
        </p>
      </Show>
    </li>
  );
}

interface QuestionProps {
  id: string;
  consequence: string;
  removing: boolean;
  keepRef: (element: HTMLButtonElement) => void;
  onKeep: () => void;
  onRemove: () => void;
}

function Question(props: QuestionProps) {
  /** Esc answers the question, and does not close the dialog. */
  function onKeyDown(event: KeyboardEvent): void {
    if (event.key !== "Escape") return;
    event.preventDefault();
    props.onKeep();
  }
  const button = (label: string, dangerous: boolean) => (
    <button
      type="button"
      class="button small-button"
      classList={{ danger: dangerous, working: dangerous && props.removing }}
      aria-describedby={props.id}
      aria-busy={dangerous && props.removing}
      ref={(element) => !dangerous && props.keepRef(element)}
      onKeyDown={onKeyDown}
      onClick={() => (dangerous ? props.onRemove() : props.onKeep())}
    >
      {label}
    </button>
  );
  return (
    <>
      <div class="secret-actions">
        {button("Keep", false)}
        {button("Remove", true)}
      </div>
      <p id={props.id} class="secret-question">
        Remove it? {props.consequence}
      </p>
    </>
  );
}
