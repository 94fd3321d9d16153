import { createSignal, Show } from "solid-js";
import { createStore, type SetStoreFunction } from "solid-js/store";
import { ensureSession } from "../api/client";
import { sentenceOf } from "../api/problem";
import type { Profile, Session } from "../api/types";
import { Dialog } from "../ui/Dialog";
import { Icon } from "../ui/Icon";
import { Field } from "./Field";
import { rowsFor } from "./link";
import { LinkNotice } from "./LinkNotice";
import { ProfileField } from "./ProfileField";
import { rememberedProfile, rememberProfile } from "./remembered_profile";
import { RepositoryFields } from "./RepositoryFields";
import { createSettled } from "./settled";
import { type Draft, type DraftProblems, problemsOf, requestOf } from "./validate";

interface StartDialogProps {
  /** The page keeps it, so that closing the dialog loses no input. */
  draft: Draft;
  setDraft: SetStoreFunction<Draft>;
  recentRepos: string[];
  profiles: Profile[];
  /** What to say of the link that filled the draft, if one did. */
  linkNotes: string[] | undefined;
  onStarted: (session: Session, created: boolean) => void;
  onClose: () => void;
}

export function StartDialog(props: StartDialogProps) {
  const [problems, setProblems] = createStore<{ fields: DraftProblems }>({ fields: {} });
  const [refusal, setRefusal] = createSignal("");
  const [sending, setSending] = createSignal(false);
  const profile = () => props.draft.profile || rememberedProfile(props.profiles.map(({ name }) => name));
  const settled = createSettled();
  const held = () => props.linkNotes !== undefined && !settled();
  let form: HTMLFormElement | undefined;

  async function submit(): Promise<void> {
    if (sending() || held()) return;
    setRefusal("");
    const found = problemsOf(props.draft);
    setProblems({ fields: found });
    if (Object.keys(found).length > 0) {
      form?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
      return;
    }
    setSending(true);
    try {
      const choice = props.profiles.length > 1 ? { profile: profile() } : {};
      const { session, created } = await ensureSession(requestOf({ ...props.draft, ...choice }));
      if (profile() !== "") rememberProfile(profile());
      props.onStarted(session, created);
    } catch (thrown) {
      setRefusal(sentenceOf(thrown));
    } finally {
      setSending(false);
    }
  }

  return (
    <Dialog label="New session" class="medium" onClose={props.onClose}>
      <form
        novalidate
        ref={(element) => (form = element)}
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <header class="drawer-header">
          <h2>New session</h2>
          <button type="button" class="button icon-only" aria-label="Close" onClick={() => props.onClose()}>
            <Icon name="close" />
          </button>
        </header>
        <Show when={props.linkNotes}>{(notes) => <LinkNotice notes={notes()} />}</Show>
        <KindChoice draft={props.draft} setDraft={props.setDraft} />
        <Show
          when={props.draft.kind === "repository"}
          fallback={<p class="hint">An empty folder without a repository. The agent can create one later.</p>}
        >
          <RepositoryFields
            draft={props.draft}
            setDraft={props.setDraft}
            problems={problems.fields}
            recentRepos={props.recentRepos}
          />
        </Show>
        <Show when={props.profiles.length > 1}>
          <ProfileField
            profiles={props.profiles}
            chosen={profile()}
            onChoose={(name) => props.setDraft("profile", name)}
          />
        </Show>
        <Field id="start-message" label="First message" hint="Optional. The agent starts with it when the session is ready.">
          {(describedBy) => (
            <textarea
              id="start-message"
              rows={props.linkNotes ? rowsFor(props.draft.firstMessage) : 3}
              value={props.draft.firstMessage}
              placeholder="What should the agent do?"
              aria-describedby={describedBy}
              onInput={(event) => props.setDraft("firstMessage", event.currentTarget.value)}
              onKeyDown={(event) => {
                if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void submit();
              }}
            />
          )}
        </Field>
        <Show when={refusal()}>
          <p class="problem" role="alert">
            {refusal()}
          </p>
        </Show>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => props.onClose()}>
            Cancel
          </button>
          <button
            type="submit"
            class="button primary"
            classList={{ working: sending() }}
            aria-busy={sending()}
            disabled={held()}
          >
            Start session
          </button>
        </div>
      </form>
    </Dialog>
  );
}

function KindChoice(props: Pick<StartDialogProps, "draft" | "setDraft">) {
  const choice = (kind: Draft["kind"], label: string) => (
    <label>
      <input
        type="radio"
        name="kind"
        checked={props.draft.kind === kind}
        onChange={() => props.setDraft("kind", kind)}
      />
      {label}
    </label>
  );
  return (
    <fieldset class="segments">
      <legend class="for-screen-reader">Start with</legend>
      {choice("repository", "Repository")}
      {choice("new-project", "New project")}
    </fieldset>
  );
}
