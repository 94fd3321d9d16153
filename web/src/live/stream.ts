import { backoffDelay } from "./backoff";

/** The router pings every 10 s. After two missed pings and some slack, the connection counts as dead. */
export const SILENCE_LIMIT_MS = 25_000;

export type StreamStatus = "connecting" | "live" | "reconnecting";

/** The part of EventSource that this uses, so that tests can replace it. */
export interface EventSourceLike {
  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void;
  close(): void;
}

export interface StreamOptions {
  open: () => EventSourceLike;
  /** Event names to pass on. The stream itself handles `ping`. */
  events: readonly string[];
  /** The first event of each connection, which makes the stream live. */
  firstEvent: string;
  onEvent: (name: string, data: unknown) => void;
  onStatus: (status: StreamStatus) => void;
  random?: () => number;
}

/**
 * An event stream that reconnects. EventSource alone does not notice a dead connection, and retries at a fixed pace.
 * Here silence ends a connection, and a new attempt follows after a jittered wait.
 */
export class LiveStream {
  private source: EventSourceLike | undefined;
  private silence: ReturnType<typeof setTimeout> | undefined;
  private retry: ReturnType<typeof setTimeout> | undefined;
  private lastHeard = 0;
  private attempt = 0;

  constructor(private readonly options: StreamOptions) {}

  start(): void {
    this.options.onStatus("connecting");
    this.connect();
  }

  stop(): void {
    this.disconnect();
    clearTimeout(this.retry);
    this.retry = undefined;
  }

  /** The network may be back (page visible, online): skips the wait. */
  nudge(): void {
    if (this.source && Date.now() - this.lastHeard < SILENCE_LIMIT_MS) return;
    this.options.onStatus("reconnecting");
    this.connect();
  }

  private connect(): void {
    this.stop();
    const source = this.options.open();
    this.source = source;
    this.heard();
    for (const name of this.options.events) {
      source.addEventListener(name, (event) => this.receive(source, name, event.data));
    }
    source.addEventListener("ping", () => {
      if (source !== this.source) return;
      this.heard();
      this.attempt = 0;
    });
    source.addEventListener("error", () => {
      if (source === this.source) this.lost();
    });
  }

  private receive(source: EventSourceLike, name: string, text: string): void {
    if (source !== this.source) return;
    this.heard();
    let data: unknown;
    try {
      data = JSON.parse(text);
    } catch {
      this.lost();
      return;
    }
    this.options.onEvent(name, data);
    if (name === this.options.firstEvent) this.options.onStatus("live");
  }

  private heard(): void {
    this.lastHeard = Date.now();
    clearTimeout(this.silence);
    this.silence = setTimeout(() => this.lost(), SILENCE_LIMIT_MS);
  }

  private lost(): void {
    this.disconnect();
    this.options.onStatus("reconnecting");
    this.retry = setTimeout(() => this.connect(), backoffDelay(this.attempt, this.options.random));
    this.attempt += 1;
  }

  private disconnect(): void {
    clearTimeout(this.silence);
    this.source?.close();
    this.source = undefined;
  }
}
