import { createSignal } from "solid-js";
import type { AttachToken, Session } from "../api/types";
import { serverThatAsks } from "../logins/server";
import type { Intents } from "../sessions/Actions";
import type { Commands } from "../sessions/commands";
import { stateOf } from "../sessions/state";

/** A dialog about one session, on top of any other. */
export type Asking =
  | { kind: "stop"; id: string }
  | { kind: "history"; id: string }
  | { kind: "delete"; id: string }
  | { kind: "attach"; id: string; token: AttachToken };

export interface Shown {
  id: string;
  notes?: string[];
}

export type Dialogs = ReturnType<typeof createDialogs>;

/** The open dialogs, and the effect of each session action: a command, or a question first. */
export function createDialogs(commands: Commands) {
  const [over, setOver] = createSignal<"start" | "secrets" | "shortcuts">();
  const [loginFor, setLoginFor] = createSignal<string>();
  const [detail, setDetail] = createSignal<Shown>();
  const [asking, setAsking] = createSignal<Asking>();

  const none = () => !over() && !detail() && !asking();

  /** Opens the keys, at Git logins if a server asks for one. */
  function openSecrets(askingServer?: string): void {
    setLoginFor(askingServer);
    setOver("secrets");
  }

  async function copyAttachCommand({ id }: Session): Promise<void> {
    const token = await commands.attachToken(id);
    if (token) setAsking({ kind: "attach", id, token });
  }

  const intents: Intents = {
    start: ({ id }) => void commands.start(id),
    startWithoutHistory: ({ id }) => setAsking({ kind: "history", id }),
    stop: (session) => {
      const inATurn = ["busy", "needs input"].includes(stateOf(session));
      if (inATurn) setAsking({ kind: "stop", id: session.id });
      else void commands.stop(session.id);
    },
    delete: ({ id }) => setAsking({ kind: "delete", id }),
    copyAttachCommand: (session) => void copyAttachCommand(session),
    showLog: ({ id }) => setDetail({ id }),
    addGitLogin: (session) => openSecrets(serverThatAsks(session)),
  };

  return { none, over, setOver, openSecrets, loginFor, detail, setDetail, asking, setAsking, intents };
}
