import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type EventSourceLike, LiveStream, SILENCE_LIMIT_MS, type StreamStatus } from "./stream";

class FakeSource implements EventSourceLike {
  closed = false;
  private listeners = new Map<string, (event: MessageEvent<string>) => void>();

  addEventListener(type: string, listener: (event: MessageEvent<string>) => void): void {
    this.listeners.set(type, listener);
  }

  close(): void {
    this.closed = true;
  }

  emit(type: string, data = "{}"): void {
    this.listeners.get(type)?.({ data } as MessageEvent<string>);
  }
}

let sources: FakeSource[];
let statuses: StreamStatus[];
let events: [string, unknown][];
let stream: LiveStream;

const latest = () => sources.at(-1) ?? expect.fail("no connection was opened");

beforeEach(() => {
  vi.useFakeTimers();
  sources = [];
  statuses = [];
  events = [];
  stream = new LiveStream({
    open: () => {
      const source = new FakeSource();
      sources.push(source);
      return source;
    },
    events: ["snapshot", "session"],
    firstEvent: "snapshot",
    onEvent: (name, data) => events.push([name, data]),
    onStatus: (status) => statuses.push(status),
    random: () => 1,
  });
  stream.start();
});

afterEach(() => {
  stream.stop();
  vi.useRealTimers();
});

test("is live only once the snapshot came", () => {
  expect(statuses).toEqual(["connecting"]);
  latest().emit("snapshot", '{"sessions":[]}');
  expect(statuses).toEqual(["connecting", "live"]);
  expect(events).toEqual([["snapshot", { sessions: [] }]]);
});

test("an error closes the connection and a new one is opened after the wait", () => {
  latest().emit("snapshot");
  latest().emit("error");
  expect(sources[0]?.closed).toBe(true);
  expect(statuses.at(-1)).toBe("reconnecting");
  vi.advanceTimersByTime(499);
  expect(sources).toHaveLength(1);
  vi.advanceTimersByTime(1);
  expect(sources).toHaveLength(2);
  latest().emit("snapshot");
  expect(statuses.at(-1)).toBe("live");
});

test("silence counts as death, also before the first event", () => {
  vi.advanceTimersByTime(SILENCE_LIMIT_MS);
  expect(sources[0]?.closed).toBe(true);
  expect(statuses.at(-1)).toBe("reconnecting");
});

test("pings keep a quiet connection", () => {
  latest().emit("snapshot");
  for (let i = 0; i < 10; i += 1) {
    vi.advanceTimersByTime(10_000);
    latest().emit("ping");
  }
  expect(sources).toHaveLength(1);
  expect(statuses.at(-1)).toBe("live");
});

test("the wait grows while the router is away and starts over after a ping", () => {
  latest().emit("error");
  vi.advanceTimersByTime(500);
  latest().emit("error");
  vi.advanceTimersByTime(999);
  expect(sources).toHaveLength(2);
  vi.advanceTimersByTime(1);
  expect(sources).toHaveLength(3);
  latest().emit("snapshot");
  latest().emit("ping");
  latest().emit("error");
  vi.advanceTimersByTime(500);
  expect(sources).toHaveLength(4);
});

test("a connection that ends right after its snapshot does not make a tight loop", () => {
  for (const wait of [500, 1000, 2000]) {
    latest().emit("snapshot");
    latest().emit("error");
    const before = sources.length;
    vi.advanceTimersByTime(wait - 1);
    expect(sources).toHaveLength(before);
    vi.advanceTimersByTime(1);
  }
});

test("late events of a closed connection are not heard", () => {
  const first = latest();
  first.emit("error");
  vi.advanceTimersByTime(500);
  first.emit("session", '{"id":"old"}');
  first.emit("error");
  expect(events).toEqual([]);
  expect(latest().closed).toBe(false);
});

test("a nudge skips the wait but leaves a healthy connection alone", () => {
  latest().emit("snapshot");
  stream.nudge();
  expect(sources).toHaveLength(1);
  latest().emit("error");
  stream.nudge();
  expect(sources).toHaveLength(2);
  vi.advanceTimersByTime(1000);
  expect(sources).toHaveLength(2);
});

test("an event that is no JSON ends the connection instead of the page", () => {
  latest().emit("session", "not json");
  expect(sources[0]?.closed).toBe(true);
  expect(statuses.at(-1)).toBe("reconnecting");
});

test("stop ends everything", () => {
  latest().emit("error");
  stream.stop();
  vi.advanceTimersByTime(60_000);
  expect(sources).toHaveLength(1);
});
