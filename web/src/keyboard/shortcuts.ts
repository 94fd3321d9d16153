export type Shortcut = "new" | "filter" | "next" | "previous" | "secrets" | "help";

const KEYS: Record<string, Shortcut> = {
  n: "new",
  "/": "filter",
  j: "next",
  ArrowDown: "next",
  k: "previous",
  ArrowUp: "previous",
  e: "secrets",
  "?": "help",
};

export interface KeyPress {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  isComposing: boolean;
}

/** The shortcut of a key press, if it is one. Keys with a modifier belong to the browser. */
export function shortcutOf(press: KeyPress): Shortcut | undefined {
  if (press.ctrlKey || press.metaKey || press.altKey || press.isComposing) return undefined;
  return Object.hasOwn(KEYS, press.key) ? KEYS[press.key] : undefined;
}

const TAKES_KEYS = "input, textarea, select, [contenteditable], [role=radiogroup], dialog[open] *, dialog[open], pre";

/** Whether a field or a dialog has the focus. */
export function keysAreTaken(target: EventTarget | null): boolean {
  if (document.querySelector("dialog[open]")) return true;
  return target instanceof Element && target.closest(TAKES_KEYS) !== null;
}
