import { onCleanup } from "solid-js";
import { keysAreTaken, type Shortcut, shortcutOf } from "../keyboard/shortcuts";

/** Runs the page's shortcuts, unless a field or a dialog has the focus. An action returns false if it did nothing. */
export function listenToKeys(actions: Record<Shortcut, () => boolean>): void {
  const listen = (event: KeyboardEvent) => {
    const shortcut = shortcutOf(event);
    if (!shortcut || event.defaultPrevented || keysAreTaken(event.target)) return;
    if (actions[shortcut]()) event.preventDefault();
  };
  document.addEventListener("keydown", listen);
  onCleanup(() => document.removeEventListener("keydown", listen));
}

/** Calls back when the page becomes visible or the network returns. */
export function onReturn(call: () => void): void {
  const whenVisible = () => {
    if (!document.hidden) call();
  };
  window.addEventListener("online", call);
  document.addEventListener("visibilitychange", whenVisible);
  onCleanup(() => {
    window.removeEventListener("online", call);
    document.removeEventListener("visibilitychange", whenVisible);
  });
}
