import { createSignal, onCleanup } from "solid-js";

const SECOND = 1000;

/**
 * False until the window has had the focus for a second. Another page can open a link while its user clicks twice: the
 * second click would land here.
 */
export function createSettled(): () => boolean {
  const [settled, setSettled] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  const wait = () => {
    setSettled(false);
    clearTimeout(timer);
    timer = setTimeout(() => setSettled(true), SECOND);
  };
  wait();
  window.addEventListener("focus", wait);
  onCleanup(() => {
    window.removeEventListener("focus", wait);
    clearTimeout(timer);
  });
  return settled;
}
