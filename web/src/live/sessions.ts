import { batch, createSignal } from "solid-js";
import { createStore, reconcile } from "solid-js/store";
import type { PhaseName, Session } from "../api/types";
import { LiveStream, type EventSourceLike, type StreamStatus } from "./stream";

export type Sessions = ReturnType<typeof createSessions>;

/** My sessions, kept current by the router's event stream. */
export function createSessions(open: () => EventSourceLike) {
  const [state, setState] = createStore<{ list: Session[] }>({ list: [] });
  const [status, setStatus] = createSignal<StreamStatus>("connecting");
  const [loaded, setLoaded] = createSignal(false);
  const [lastStep, setLastStep] = createStore<Record<string, PhaseName>>({});

  const find = (id: string) => state.list.find((session) => session.id === id);

  function put(session: Session): void {
    batch(() => {
      noteStep(session);
      const index = state.list.findIndex(({ id }) => id === session.id);
      if (index === -1) setState("list", state.list.length, session);
      else setState("list", index, reconcile(session));
    });
  }

  /** A failed session does not say at which step it failed, but the phase before does. */
  function noteStep(session: Session): void {
    if (session.phase.name !== "failed") setLastStep(session.id, session.phase.name);
  }

  /** A response can be older than the stream's last event. */
  function putAnswer(session: Session): void {
    const known = find(session.id);
    if (!known || Date.parse(session.phase.since) >= Date.parse(known.phase.since)) put(session);
  }

  const remove = (id: string) => setState("list", (list) => list.filter((session) => session.id !== id));

  function onEvent(name: string, data: unknown): void {
    if (name === "session") put(data as Session);
    if (name === "deleted") remove((data as { id: string }).id);
    if (name === "snapshot") {
      const { sessions } = data as { sessions: Session[] };
      batch(() => {
        sessions.forEach(noteStep);
        setState("list", reconcile(sessions));
        setLoaded(true);
      });
    }
  }

  const stream = new LiveStream({
    open,
    events: ["snapshot", "session", "deleted"],
    firstEvent: "snapshot",
    onEvent,
    onStatus: setStatus,
  });

  return {
    get list(): Session[] {
      return state.list;
    },
    find,
    putAnswer,
    remove,
    status,
    loaded,
    lastStep: (id: string): PhaseName | undefined => lastStep[id],
    start: () => stream.start(),
    stop: () => stream.stop(),
    nudge: () => stream.nudge(),
  };
}
