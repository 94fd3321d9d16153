import { onCleanup } from "solid-js";
import { keysAreTaken, type Shortcut, shortcutOf } from "../keyboard/shortcuts";

/** Runs the page's shortcuts, unless a field or a dialog has the keyboard. An action answers false when it had nothing to do. */
export function listenToKeys(actions: Record<Shortcut, () => boolean>): void {
  const listen = (event: KeyboardEvent) => {
    const shortcut = shortcutOf(event);
    if (!shortcut || event.defaultPrevented || keysAreTaken(event.target)) return;
    if (actions[shortcut]()) event.preventDefault();
  };
  document.addEventListener("keydown", listen);
  onCleanup(() => document.removeEventListener("keydown", listen));
}

/** Calls when the page is shown again or the network is back. */
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
