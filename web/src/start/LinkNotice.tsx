import { For } from "solid-js";
import { Icon } from "../ui/Icon";

/** Says that a link filled in the dialog. It takes the focus, so that Enter starts nothing. */
export function LinkNotice(props: { notes: string[] }) {
  return (
    <div class="notice link-notice" data-level="near" tabindex="-1" autofocus>
      <Icon name="warning" />
      <div>
        <p>A link filled in this form. Check it before you start the session.</p>
        <For each={props.notes}>{(note) => <p>{note}</p>}</For>
      </div>
    </div>
  );
}
