/** Moves focus to the first action of the next or previous row, also from outside the list. */
export function moveFocus(list: HTMLElement, step: 1 | -1): void {
  const rows = [...list.children];
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  focusRow(rows, at === -1 ? (step === 1 ? 0 : rows.length - 1) : at + step);
}

/** Remembers the focus. Returns a function that restores it after rows moved or disappeared. */
export function keepFocus(list: HTMLElement): (() => void) | undefined {
  const focused = document.activeElement;
  const at = [...list.children].findIndex((row) => row.contains(focused));
  if (at === -1 || !(focused instanceof HTMLElement)) return undefined;
  return () => {
    if (document.activeElement === focused) return;
    if (focused.isConnected) focused.focus({ preventScroll: true });
    else focusRow([...list.children], at);
  };
}

function focusRow(rows: Element[], index: number): void {
  const row = rows[Math.max(0, Math.min(index, rows.length - 1))];
  row?.querySelector<HTMLElement>("a[href], button")?.focus();
  row?.scrollIntoView({ block: "nearest" });
}
