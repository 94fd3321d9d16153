import { createSignal, onCleanup } from "solid-js";

const [now, setNow] = createSignal(Date.now());

/** The current time in milliseconds. Updates once a second while the page is visible. */
export { now };

function tick(): void {
  if (!document.hidden) setNow(Date.now());
}

export function runClock(): void {
  const timer = setInterval(tick, 1000);
  document.addEventListener("visibilitychange", tick);
  onCleanup(() => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", tick);
  });
}
