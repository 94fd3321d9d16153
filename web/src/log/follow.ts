import { createSignal, onCleanup } from "solid-js";
import { followLog } from "../api/client";
import { sentenceOf } from "../api/problem";
import { backoffDelay } from "../live/backoff";
import { LogLines } from "./lines";

export type LogStatus = "opening" | "following" | "ended" | "failed";

/** Follows a session's log until its owner is disposed. Reconnects when the connection breaks. */
export function createLog(id: string) {
  const [text, setText] = createSignal("");
  const [status, setStatus] = createSignal<LogStatus>("opening");
  const [problem, setProblem] = createSignal("");
  let running = new AbortController();
  let retry: ReturnType<typeof setTimeout> | undefined;

  async function follow(attempt: number): Promise<void> {
    close();
    const current = new AbortController();
    running = current;
    let heard = false;
    const show = (shown: string) => {
      heard = true;
      setText(shown);
    };
    try {
      await read(id, current.signal, () => setStatus("following"), show);
      if (!current.signal.aborted) setStatus("ended");
    } catch (thrown) {
      if (current.signal.aborted) return;
      setProblem(sentenceOf(thrown));
      setStatus("failed");
      const next = heard ? 0 : attempt + 1;
      retry = setTimeout(() => void follow(next), backoffDelay(next));
    }
  }

  function close(): void {
    clearTimeout(retry);
    running.abort();
  }

  onCleanup(close);
  void follow(0);
  return { text, status, problem, again: () => void follow(0) };
}

/** Every connection starts with the tail again, so its first chunk replaces the shown text. */
async function read(
  id: string,
  signal: AbortSignal,
  opened: () => void,
  show: (text: string) => void,
): Promise<void> {
  const reader = (await followLog(id, signal)).getReader();
  const decoder = new TextDecoder();
  const lines = new LogLines();
  opened();
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- the chunks of one stream arrive in order
    const { done, value } = await reader.read();
    if (signal.aborted || done) return;
    lines.add(decoder.decode(value, { stream: true }));
    show(lines.text);
  }
}
