import { onMount } from "solid-js";
import { createStore } from "solid-js/store";
import type { GitLogin, Session } from "../api/types";
import { Loading } from "../secrets/Loading";
import type { Commands } from "../sessions/commands";
import { emptyLogin, type LoginDraft } from "./check";
import { FailedSessions, focusTryAgain } from "./FailedSessions";
import { focusField, LoginForm, showFocusedField } from "./LoginForm";
import { LoginList } from "./LoginList";
import { nameOfOrigin, serversWithoutLogin } from "./server";
import { createStoredLogins } from "./stored";

interface GitLoginsProps {
  sessions: Session[];
  commands: Commands;
  /** The origin of a server that asks for a login. */
  server: string | undefined;
}

/** The user's logins for Git servers. */
export function GitLogins(props: GitLoginsProps) {
  const stored = createStoredLogins();
  const [draft, setDraft] = createStore<LoginDraft>({ ...emptyLogin(), server: nameOfOrigin(props.server ?? "") });
  onMount(() => {
    if (props.server !== undefined) focusField("token");
    void stored.load().then(showFocusedField);
  });

  function replace({ origin, username }: GitLogin): void {
    setDraft({ server: nameOfOrigin(origin), username, token: "" });
    focusField("token");
  }

  return (
    <>
      <p class="hint">
        Clones and the agent’s <code>git push</code> log in with these. A change counts in running sessions too, within about
        a minute. Nobody can read a token here, also not you.
      </p>
      <Loading loaded={stored.loaded()} problem={stored.problem()} onRetry={() => void stored.load()}>
        <LoginList stored={stored} onReplace={replace} />
      </Loading>
      <LoginForm
        stored={stored}
        draft={draft}
        setDraft={setDraft}
        suggestions={stored.loaded() ? serversWithoutLogin(props.sessions, stored.logins()) : []}
        onSaved={() => focusTryAgain() || focusField("server")}
      />
      <FailedSessions logins={stored.logins()} sessions={props.sessions} commands={props.commands} />
    </>
  );
}
