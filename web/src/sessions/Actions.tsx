import { Show } from "solid-js";
import type { Session } from "../api/types";
import { Icon, type IconName } from "../ui/Icon";
import type { CommandName, Commands } from "./commands";
import { webAddress } from "./naming";
import { hasUnreadableHistory, isAtRest, isStarting, stateOf } from "./state";

/** Actions of a row or the detail. The page decides whether to confirm first. */
export interface Intents {
  start: (session: Session) => void;
  startWithoutHistory: (session: Session) => void;
  stop: (session: Session) => void;
  delete: (session: Session) => void;
  copyAttachCommand: (session: Session) => void;
  showLog: (session: Session) => void;
  addGitLogin: (session: Session) => void;
}

interface ActionsProps {
  session: Session;
  /** The id of the element with the session's name, as a description for "Stop". */
  describedBy: string;
  commands: Commands;
  intents: Intents;
  /** Whether this is the detail, next to the log. */
  inDetail?: boolean;
}

export function Actions(props: ActionsProps) {
  const phase = () => props.session.phase.name;
  const address = () => (phase() === "deleting" ? undefined : webAddress(props.session.url));
  const emphasised = () => stateOf(props.session) === "needs input" || (props.inDetail === true && phase() === "ready");
  const runs = () => phase() === "ready" || isStarting(props.session);

  const button = (label: string, icon: IconName, command: CommandName | undefined, intent: keyof Intents, wordless = false) => {
    const busy = () => command !== undefined && props.commands.running(props.session.id) === command;
    return (
      <button
        type="button"
        class="button"
        classList={{ "icon-only": wordless, working: busy(), primary: props.inDetail === true && label === "Try again" }}
        aria-label={label}
        title={wordless ? label : undefined}
        aria-describedby={props.describedBy}
        aria-busy={busy()}
        onClick={() => props.intents[intent](props.session)}
      >
        <Icon name={icon} />
        {wordless ? undefined : label}
      </button>
    );
  };

  return (
    <div class="actions">
      <Show when={address()}>
        {(href) => (
          <a
            class="button open"
            classList={{ primary: emphasised() }}
            href={href()}
            target="_blank"
            rel="noopener noreferrer"
            aria-describedby={props.describedBy}
          >
            <Icon name="external" />
            Open
          </a>
        )}
      </Show>
      <Show when={runs()}>{button("Stop", "stop", "stop", "stop")}</Show>
      <Show when={isAtRest(props.session)}>
        {button(phase() === "failed" ? "Try again" : "Start", "start", "start", "start")}
      </Show>
      <Show when={hasUnreadableHistory(props.session)}>
        {button("Start without its history", "start", "start without history", "startWithoutHistory")}
      </Show>
      <span class="actions-quiet">
        <Show when={!props.inDetail}>{button("Log", "log", undefined, "showLog", true)}</Show>
        <Show when={phase() !== "deleting"}>
          {button("Copy attach command", "terminal", "attach", "copyAttachCommand", true)}
          {button("Delete", "delete", "delete", "delete", true)}
        </Show>
      </span>
    </div>
  );
}
