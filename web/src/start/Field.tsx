import { type JSX, Show } from "solid-js";

interface FieldProps {
  id: string;
  label: string;
  hint?: string;
  problem?: string | undefined;
  children: (described: string) => JSX.Element;
}

/** A labelled input with a hint. An error replaces the hint. */
export function Field(props: FieldProps) {
  const describedBy = () => `${props.id}-words`;
  return (
    <div class="field" classList={{ wrong: props.problem !== undefined }}>
      <label for={props.id}>{props.label}</label>
      {props.children(describedBy())}
      <p id={describedBy()} class={props.problem ? "field-problem" : "hint"}>
        <Show when={props.problem} fallback={props.hint}>
          {props.problem}
        </Show>
      </p>
    </div>
  );
}
