import { createEffect, createSignal, Show } from "solid-js";
import { Field } from "../start/Field";

interface ValueFieldProps {
  value: string;
  problem: string | undefined;
  onValue: (value: string) => void;
  onSubmit: () => void;
}

export function focusValue(): void {
  document.querySelector<HTMLElement>("#secret-value")?.focus();
}

/** A hidden value. A pasted value of several lines gets a larger field, because a password field drops the line ends. */
export function ValueField(props: ValueFieldProps) {
  const [shown, setShown] = createSignal(false);
  const [manyLines, setManyLines] = createSignal(false);
  createEffect(() => {
    if (props.value === "") {
      setManyLines(false);
      setShown(false);
    } else if (props.value.includes("\n")) setManyLines(true);
  });

  function keepLines(event: ClipboardEvent): void {
    const text = (event.clipboardData?.getData("text") ?? "").replaceAll("\r\n", "\n");
    if (!text.trim().includes("\n")) return;
    event.preventDefault();
    props.onValue(text);
    focusValue();
  }

  const hint = () => (manyLines() ? "Several lines. Ctrl+Enter saves." : "");
  return (
    <Field id="secret-value" label="Value" hint={hint()} problem={props.problem}>
      {(describedBy) => (
        <div class="secret-value">
          <Show
            when={manyLines()}
            fallback={
              <input
                id="secret-value"
                type={shown() ? "text" : "password"}
                class="mono"
                value={props.value}
                autocomplete="off"
                autocapitalize="off"
                spellcheck={false}
                aria-describedby={describedBy}
                aria-invalid={props.problem !== undefined}
                onPaste={keepLines}
                onInput={(event) => props.onValue(event.currentTarget.value)}
              />
            }
          >
            <textarea
              id="secret-value"
              class="mono"
              classList={{ masked: !shown() }}
              rows="5"
              value={props.value}
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              aria-describedby={describedBy}
              aria-invalid={props.problem !== undefined}
              onInput={(event) => props.onValue(event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) props.onSubmit();
              }}
            />
          </Show>
          <button
            type="button"
            class="button"
            aria-label={shown() ? "Hide value" : "Show value"}
            onClick={() => setShown(!shown())}
          >
            {shown() ? "Hide" : "Show"}
          </button>
        </div>
      )}
    </Field>
  );
}
