import type { Session } from "../api/types";
import { GitLogins } from "../logins/GitLogins";
import type { Commands } from "../sessions/commands";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { Tabs } from "../ui/Tabs";
import { Variables } from "./Variables";

interface SecretsDialogProps {
  sessions: Session[];
  commands: Commands;
  /** A Git server that asks for a login. The dialog then opens there. */
  loginFor: string | undefined;
  onClose: () => void;
}

/** The user's secrets. The page calls them keys, because that is what most of them are. */
export function SecretsDialog(props: SecretsDialogProps) {
  return (
    <Dialog label="Keys" class="medium keys" onClose={props.onClose}>
      <header class="drawer-header">
        <h2>Keys</h2>
        <button type="button" class="button icon-only" aria-label="Close" onClick={() => props.onClose()}>
          <Icon name="close" />
        </button>
      </header>
      <Tabs
        label="Kinds of keys"
        first={props.loginFor === undefined ? 0 : 1}
        tabs={[
          { name: "Variables", panel: () => <Variables sessions={props.sessions} commands={props.commands} /> },
          {
            name: "Git logins",
            panel: () => <GitLogins sessions={props.sessions} commands={props.commands} server={props.loginFor} />,
          },
        ]}
      />
    </Dialog>
  );
}
