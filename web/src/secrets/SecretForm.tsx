import { createEffect, createSignal, For, on, Show } from "solid-js";
import { sentenceOf } from "../api/problem";
import { Field } from "../start/Field";
import { problemOfName, problemOfValue } from "./check";
import { assignmentIn } from "./pasted";
import type { Stored } from "./stored";
import { focusValue, ValueField } from "./ValueField";

interface SecretFormProps {
  stored: Stored;
  name: string;
  setName: (name: string) => void;
  value: string;
  setValue: (value: string) => void;
}

export function focusName(): void {
  document.querySelector<HTMLElement>("#secret-name")?.focus();
}

/** Adds a secret, or replaces one. The value exists only in this form, and only until it is saved. */
export function SecretForm(props: SecretFormProps) {
  const [problems, setProblems] = createSignal<{ name?: string | undefined; value?: string | undefined }>({});
  const [refusal, setRefusal] = createSignal("");
  const [saved, setSaved] = createSignal("");
  const [sending, setSending] = createSignal(false);
  const name = () => props.name.trim();
  const replaces = () => props.stored.has(name());

  /** What was said of a field counts until the field changes. */
  const forget = (field: "name" | "value") => () => {
    setProblems((before) => ({ ...before, [field]: undefined }));
    setRefusal("");
  };
  createEffect(on(() => props.name, forget("name"), { defer: true }));
  createEffect(on(() => props.value, forget("value"), { defer: true }));

  async function submit(): Promise<void> {
    if (sending()) return;
    setRefusal("");
    setSaved("");
    const found = { name: problemOfName(name()), value: problemOfValue(props.value, props.stored.mostBytes()) };
    setProblems(found);
    if (found.name) return focusName();
    if (found.value) return focusValue();
    setSending(true);
    try {
      const sent = name();
      await props.stored.save(sent, props.value);
      props.setName("");
      props.setValue("");
      setSaved(`${sent} is saved.`);
      focusName();
    } catch (thrown) {
      setRefusal(sentenceOf(thrown));
    } finally {
      setSending(false);
    }
  }

  function splitPasted(event: ClipboardEvent): void {
    const found = assignmentIn(event.clipboardData?.getData("text") ?? "");
    if (!found) return;
    event.preventDefault();
    props.setName(found.name);
    props.setValue(found.value);
    focusValue();
  }

  return (
    <form
      class="secret-form"
      novalidate
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h3>{replaces() ? "Replace a key" : "Add a key"}</h3>
      <Field
        id="secret-name"
        label="Name"
        hint={replaces() ? "You have a key with this name. Saving replaces it." : "You can paste a whole line here: NAME=value."}
        problem={problems().name}
      >
        {(describedBy) => (
          <>
            <input
              id="secret-name"
              type="text"
              class="mono"
              list="secret-suggestions"
              value={props.name}
              placeholder="ANTHROPIC_API_KEY"
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              autofocus
              aria-describedby={describedBy}
              aria-invalid={problems().name !== undefined}
              onPaste={splitPasted}
              onInput={(event) => props.setName(event.currentTarget.value)}
            />
            <datalist id="secret-suggestions">
              <For each={props.stored.suggestions()}>
                {(suggestion) => <option value={suggestion.name}>{suggestion.provider}</option>}
              </For>
            </datalist>
          </>
        )}
      </Field>
      <ValueField
        value={props.value}
        problem={problems().value}
        onValue={props.setValue}
        onSubmit={() => void submit()}
      />
      <Show when={refusal()}>
        <p class="problem" role="alert">
          {refusal()}
        </p>
      </Show>
      <div class="dialog-actions">
        <output class="hint">{saved()}</output>
        <button type="submit" class="button primary" classList={{ working: sending() }} aria-busy={sending()}>
          Save
        </button>
      </div>
    </form>
  );
}
