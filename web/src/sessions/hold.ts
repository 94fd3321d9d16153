import { createSignal, onCleanup } from "solid-js";

/** A pointer that rests this long is not about to click. */
const PARKED_MS = 15_000;
/** After a touch, the click comes when the pointer has already left. */
const LEAVE_MS = 400;

/** Whether the user's pointer or keyboard focus is on the list, so that its rows must stay where they are. */
export function createHold() {
  const [pointer, setPointer] = createSignal(false);
  const [focus, setFocus] = createSignal(false);
  let release: ReturnType<typeof setTimeout> | undefined;

  const releaseIn = (ms: number) => {
    clearTimeout(release);
    release = setTimeout(() => setPointer(false), ms);
  };
  onCleanup(() => clearTimeout(release));

  return {
    held: () => pointer() || focus(),
    listeners: {
      onPointerMove: () => {
        setPointer(true);
        releaseIn(PARKED_MS);
      },
      onPointerLeave: () => releaseIn(LEAVE_MS),
      onFocusIn: (event: FocusEvent) => setFocus(event.target instanceof Element && event.target.matches(":focus-visible")),
      onFocusOut: (event: FocusEvent & { currentTarget: Element }) => {
        const next = event.relatedTarget;
        if (!(next instanceof Node && event.currentTarget.contains(next))) setFocus(false);
      },
    },
  };
}
