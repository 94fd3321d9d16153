import { onCleanup, onMount, type ParentProps } from "solid-js";

interface DialogProps {
  label: string;
  class?: string;
  onClose: () => void;
}

/** The browser's modal dialog: focus stays inside, Esc closes, and focus returns. */
export function Dialog(props: ParentProps<DialogProps>) {
  let element: HTMLDialogElement | undefined;
  let pressedOutside = false;
  let shown = true;

  onMount(() => element?.showModal());
  onCleanup(() => {
    shown = false;
    element?.close();
  });

  return (
    // oxlint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-noninteractive-element-interactions -- a click beside the dialog closes it, as the browser's own Esc does
    <dialog
      ref={(dialog) => (element = dialog)}
      class={props.class ?? "small"}
      aria-label={props.label}
      onClose={() => shown && props.onClose()}
      onPointerDown={(event) => (pressedOutside = event.target === element)}
      onClick={(event) => pressedOutside && event.target === element && props.onClose()}
    >
      <div class="dialog-body">{props.children}</div>
    </dialog>
  );
}
