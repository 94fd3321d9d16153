import { Show } from "solid-js";
import type { Me } from "../api/types";
import logo from "../favicon.svg";
import { Connection } from "../live/Connection";
import type { StreamStatus } from "../live/stream";
import { ThemeButton } from "../theme/ThemeButton";
import { Icon } from "../ui/Icon";

interface HeaderProps {
  me: Me | undefined;
  status: StreamStatus;
  onNew: () => void;
  onSecrets: () => void;
  onHelp: () => void;
}

export function Header(props: HeaderProps) {
  return (
    <header class="header">
      <div class="header-inner">
        <div class="brand">
          <h1>
            <img src={logo} alt="" width="24" height="24" />
            opencode-router
          </h1>
          <Connection status={props.status} />
        </div>
        <span class="spacer" />
        <Show when={props.me}>{(me) => <span class="email clip">{me().email}</span>}</Show>
        <button
          type="button"
          class="button icon-only help"
          aria-label="Keyboard shortcuts"
          title="Keyboard shortcuts (?)"
          onClick={() => props.onHelp()}
        >
          <span aria-hidden="true">?</span>
        </button>
        <ThemeButton />
        <button
          type="button"
          class="button header-keys"
          aria-label="Keys"
          aria-keyshortcuts="e"
          title="Keys for your sessions (e)"
          onClick={() => props.onSecrets()}
        >
          <Icon name="key" />
          <span class="wide-only">Keys</span>
        </button>
        <button type="button" class="button primary" aria-label="New session" aria-keyshortcuts="n" onClick={() => props.onNew()}>
          <Icon name="plus" />
          <span class="wide-only">New session</span>
        </button>
      </div>
    </header>
  );
}
