import { createStore } from "solid-js/store";
import * as api from "../api/client";
import { sentenceOf } from "../api/problem";
import type { AttachToken, Session } from "../api/types";
import type { Sessions } from "../live/sessions";

export type CommandName = "start" | "start without history" | "trust" | "restart" | "profile" | "stop" | "delete" | "attach";
export type Commands = ReturnType<typeof createCommands>;

/** The commands on sessions, one at a time per session. An error stays beside its session. */
export function createCommands(sessions: Sessions) {
  const [running, setRunning] = createStore<Record<string, CommandName | undefined>>({});
  const [problems, setProblems] = createStore<Record<string, string | undefined>>({});

  async function run<T>(name: CommandName, id: string, command: () => Promise<T>): Promise<T | undefined> {
    if (running[id]) return undefined;
    setRunning(id, name);
    setProblems(id, undefined);
    try {
      return await command();
    } catch (thrown) {
      setProblems(id, sentenceOf(thrown));
      return undefined;
    } finally {
      setRunning(id, undefined);
    }
  }

  async function show(answer: Promise<Session>): Promise<void> {
    sessions.putAnswer(await answer);
  }

  return {
    running: (id: string) => running[id],
    problem: (id: string) => problems[id],
    dismiss: (id: string) => setProblems(id, undefined),
    start: (id: string) => run("start", id, () => show(api.startSession(id))),
    startWithoutHistory: (id: string) => run("start without history", id, () => show(api.startWithoutHistory(id))),
    trust: (id: string) => run("trust", id, () => show(trustAndRestart(id))),
    restart: (id: string) => run("restart", id, () => show(restart(id))),
    chooseProfile: (id: string, profile: string) => run("profile", id, () => show(api.chooseProfile(id, profile))),
    stop: (id: string) => run("stop", id, () => show(api.stopSession(id))),
    delete: (id: string) => run("delete", id, () => api.deleteSession(id).then(() => sessions.remove(id))),
    attachToken: (id: string): Promise<AttachToken | undefined> => run("attach", id, () => api.createAttachToken(id)),
  };
}

/** opencode reads the repository's configuration when it starts. */
async function trustAndRestart(id: string): Promise<Session> {
  await api.trustRepository(id);
  return restart(id);
}

/** The start waits for the end of the stop. */
async function restart(id: string): Promise<Session> {
  await api.stopSession(id);
  return api.startSession(id);
}
