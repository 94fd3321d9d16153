import { createEffect, createMemo, createSignal, Match, onCleanup, onMount, Show, Switch } from "solid-js";
import { createStore } from "solid-js/store";
import { SESSION_STREAM } from "./api/client";
import type { Session } from "./api/types";
import { Detail } from "./detail/Detail";
import { ShortcutsDialog } from "./keyboard/ShortcutsDialog";
import { createAccount } from "./live/account";
import { createSessions } from "./live/sessions";
import { createDialogs } from "./page/dialogs";
import { followLink } from "./page/followLink";
import { Header } from "./page/Header";
import { listenToKeys, onReturn } from "./page/keys";
import { Questions } from "./page/Questions";
import { SignedOut } from "./page/SignedOut";
import { focusFilter, Toolbar } from "./page/Toolbar";
import { Waiting } from "./page/Waiting";
import { SecretsDialog } from "./secrets/SecretsDialog";
import { createAnnouncements } from "./sessions/announcements";
import { createCommands } from "./sessions/commands";
import { matches } from "./sessions/filter";
import { List } from "./sessions/List";
import { recentReposOf } from "./sessions/recent";
import { moveFocus } from "./sessions/rowFocus";
import { stateOf } from "./sessions/state";
import { StartDialog } from "./start/StartDialog";
import { emptyDraft } from "./start/validate";
import { runClock } from "./time/clock";
import { Welcome } from "./welcome/Welcome";

export function App() {
  const sessions = createSessions(() => new EventSource(SESSION_STREAM));
  const account = createAccount(sessions.status);
  const commands = createCommands(sessions);
  const dialogs = createDialogs(commands);
  const announcement = createAnnouncements(() => sessions.list, sessions.loaded);
  const [draft, setDraft] = createStore(emptyDraft());
  const [linkNotes, setLinkNotes] = createSignal<string[]>();
  const [filter, setFilter] = createSignal("");
  let list: HTMLElement | undefined;

  const found = createMemo(() => sessions.list.filter((session) => matches(session, filter())));
  const recentRepos = createMemo(() => recentReposOf(sessions.list));
  const needInput = createMemo(() => sessions.list.filter((session) => stateOf(session) === "needs input").length);
  const detailed = () => sessions.find(dialogs.detail()?.id ?? "");
  const asked = () => sessions.find(dialogs.asking()?.id ?? "");

  createEffect(() => {
    document.title = needInput() > 0 ? `(${needInput()}) opencode-router` : "opencode-router";
  });
  onMount(() => sessions.start());
  onCleanup(() => sessions.stop());
  onReturn(() => sessions.nudge());
  runClock();

  const openStart = () => dialogs.setOver("start");
  const openSecrets = () => dialogs.openSecrets();

  followLink(
    () => (dialogs.none() ? account.me()?.profiles : undefined),
    (filled) => {
      setDraft(filled.draft);
      setLinkNotes(filled.notes);
      openStart();
    },
  );

  /** Keeps what the user typed, but nothing of a link: the next dialog would not say where it is from. */
  function closeStart(): void {
    if (linkNotes()) setDraft(emptyDraft());
    setLinkNotes(undefined);
    dialogs.setOver(undefined);
  }

  function onStarted(session: Session, created: boolean): void {
    sessions.putAnswer(session);
    setDraft(emptyDraft());
    closeStart();
    const known = created ? [] : ["You already had this session for the repository and branch."];
    dialogs.setDetail({ id: session.id, notes: [...(session.notes ?? []), ...known] });
  }

  function move(step: 1 | -1): boolean {
    if (!list?.isConnected) return false;
    moveFocus(list, step);
    return true;
  }

  listenToKeys({
    new: () => {
      openStart();
      return true;
    },
    secrets: () => {
      openSecrets();
      return true;
    },
    help: () => {
      dialogs.setOver("shortcuts");
      return true;
    },
    filter: focusFilter,
    next: () => move(1),
    previous: () => move(-1),
  });

  return (
    <>
      <Header
        me={account.me()}
        status={sessions.status()}
        onNew={openStart}
        onSecrets={openSecrets}
        onHelp={() => dialogs.setOver("shortcuts")}
      />
      <main>
        <Show when={account.signedOut()}>
          <SignedOut />
        </Show>
        <Switch>
          <Match when={!sessions.loaded() && sessions.list.length === 0}>
            <Show when={!account.signedOut()}>
              <Waiting status={sessions.status()} />
            </Show>
          </Match>
          <Match when={sessions.list.length === 0}>
            <Welcome me={account.me()} onStart={openStart} />
          </Match>
          <Match when={true}>
            <Toolbar sessions={sessions.list} filter={filter()} onFilter={setFilter} />
            <Show when={found().length > 0} fallback={<p class="waiting">No session matches “{filter()}”.</p>}>
              <List
                sessions={found()}
                commands={commands}
                intents={dialogs.intents}
                ref={(element) => (list = element)}
              />
            </Show>
          </Match>
        </Switch>
      </main>
      <footer class="footer">
        <Show when={account.me()}>
          {(me) => (
            <span>
              opencode-router {me().version}
              <Show when={me().opencodeVersion}>{(version) => <>, opencode {version()}</>}</Show>
            </span>
          )}
        </Show>
        <a href="/api/openapi.json">API</a>
      </footer>
      <p class="for-screen-reader" aria-live="polite">
        {announcement()}
      </p>

      <Switch>
        <Match when={dialogs.over() === "start"}>
          <StartDialog
            draft={draft}
            setDraft={setDraft}
            recentRepos={recentRepos()}
            profiles={account.me()?.profiles ?? []}
            linkNotes={linkNotes()}
            onStarted={onStarted}
            onClose={closeStart}
          />
        </Match>
        <Match when={dialogs.over() === "secrets"}>
          <SecretsDialog
            sessions={sessions.list}
            commands={commands}
            loginFor={dialogs.loginFor()}
            onClose={() => dialogs.setOver(undefined)}
          />
        </Match>
        <Match when={dialogs.over() === "shortcuts"}>
          <ShortcutsDialog onClose={() => dialogs.setOver(undefined)} />
        </Match>
      </Switch>
      <Show when={detailed()} keyed>
        {(session) => (
          <Detail
            session={session}
            runtime={account.me()?.runtime}
            profiles={account.me()?.profiles ?? []}
            lastStep={sessions.lastStep(session.id)}
            notes={dialogs.detail()?.notes ?? []}
            commands={commands}
            intents={dialogs.intents}
            onClose={() => dialogs.setDetail(undefined)}
          />
        )}
      </Show>
      <Show when={dialogs.asking()} keyed>
        {(asking) => (
          <Show when={asked()} keyed>
            {(session) => (
              <Questions
                asking={asking}
                session={session}
                commands={commands}
                onClose={() => dialogs.setAsking(undefined)}
              />
            )}
          </Show>
        )}
      </Show>
    </>
  );
}
