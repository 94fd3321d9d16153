import { Match, Switch } from "solid-js";
import type { Session } from "../api/types";
import { AttachDialog } from "../sessions/AttachDialog";
import type { Commands } from "../sessions/commands";
import { DeleteDialog } from "../sessions/DeleteDialog";
import { HistoryDialog } from "../sessions/HistoryDialog";
import { StopDialog } from "../sessions/StopDialog";
import type { Asking } from "./dialogs";

interface QuestionsProps {
  asking: Asking;
  session: Session;
  commands: Commands;
  onClose: () => void;
}

export function Questions(props: QuestionsProps) {
  const close = () => props.onClose();
  const then = (command: (id: string) => unknown) => () => {
    const { id } = props.session;
    close();
    command(id);
  };
  return (
    <Switch>
      <Match when={props.asking.kind === "stop"}>
        <StopDialog session={props.session} onStop={then(props.commands.stop)} onClose={close} />
      </Match>
      <Match when={props.asking.kind === "history"}>
        <HistoryDialog session={props.session} onStart={then(props.commands.startWithoutHistory)} onClose={close} />
      </Match>
      <Match when={props.asking.kind === "delete"}>
        <DeleteDialog session={props.session} onDelete={then(props.commands.delete)} onClose={close} />
      </Match>
      <Match when={props.asking.kind === "attach" && props.asking}>
        {(attach) => <AttachDialog session={props.session} token={attach().token} onClose={close} />}
      </Match>
    </Switch>
  );
}
