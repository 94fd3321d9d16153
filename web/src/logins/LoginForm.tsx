import { createEffect, createSignal, For, on, Show } from "solid-js";
import type { SetStoreFunction } from "solid-js/store";
import { sentenceOf } from "../api/problem";
import { Field } from "../start/Field";
import { emptyLogin, type LoginDraft, type LoginField, type LoginProblems, problemsOfLogin } from "./check";
import { tokenPageOf } from "./forges";
import { nameOfOrigin, originOf, serverIn } from "./server";
import type { StoredLogins } from "./stored";
import { TokenField } from "./TokenField";

interface LoginFormProps {
  stored: StoredLogins;
  draft: LoginDraft;
  setDraft: SetStoreFunction<LoginDraft>;
  suggestions: string[];
  /** Moves the focus on. */
  onSaved: () => void;
}

const idOf = (field: LoginField) => `login-${field}`;
const FIELDS: LoginField[] = ["server", "username", "token"];
const TOKEN_PAGE = "login-token-page";

export function focusField(field: LoginField): void {
  document.querySelector<HTMLElement>(`#${idOf(field)}`)?.focus();
}

/** The list above the form moves it when it appears. */
export function showFocusedField(): void {
  document.querySelector(".secret-form input:focus")?.scrollIntoView({ block: "nearest" });
}

/** A short window may end above it. */
const showToReader = (element: HTMLElement) => queueMicrotask(() => element.scrollIntoView({ block: "nearest" }));

/** Adds a login, or replaces one. The token exists only in this form, and only until it is saved. */
export function LoginForm(props: LoginFormProps) {
  const [problems, setProblems] = createSignal<LoginProblems>({});
  const [refusal, setRefusal] = createSignal("");
  const [saved, setSaved] = createSignal<string>();
  const [sending, setSending] = createSignal(false);
  const origin = () => originOf(serverIn(props.draft.server));
  const replaces = () => props.stored.has(origin());

  /** What was said of a field counts until the field changes. */
  for (const field of FIELDS) {
    const forget = () => {
      setProblems((before) => ({ ...before, [field]: undefined }));
      setRefusal("");
    };
    createEffect(on(() => props.draft[field], forget, { defer: true }));
  }

  async function submit(): Promise<void> {
    if (sending()) return;
    setRefusal("");
    setSaved(undefined);
    reduce();
    const found = problemsOfLogin(props.draft, props.stored.mostBytes());
    setProblems(found);
    const wrong = FIELDS.find((field) => found[field] !== undefined);
    if (wrong) return focusField(wrong);
    setSending(true);
    try {
      const username = props.draft.username.trim();
      const login = { origin: origin() ?? props.draft.server, token: props.draft.token.trim() };
      const stored = await props.stored.save(username === "" ? login : { ...login, username });
      props.setDraft(emptyLogin());
      setSaved(stored.origin);
      props.onSaved();
    } catch (thrown) {
      setRefusal(sentenceOf(thrown));
    } finally {
      setSending(false);
    }
  }

  const reduce = () => props.setDraft("server", serverIn(props.draft.server));

  function reducePasted(event: ClipboardEvent): void {
    const pasted = event.clipboardData?.getData("text") ?? "";
    const server = serverIn(pasted);
    if (server === pasted) return;
    event.preventDefault();
    props.setDraft("server", server);
  }

  const serverHint = () => {
    if (replaces()) return "You have a login for this server. Saving replaces it.";
    if (origin()?.startsWith("http:")) return "Over http://, the token crosses the network unencrypted.";
    return "You can paste the address of a repository here.";
  };

  return (
    <form
      class="secret-form"
      novalidate
      autocomplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <h3>{replaces() ? "Replace a login" : "Add a login"}</h3>
      <Field id={idOf("server")} label="Server" hint={serverHint()} problem={problems().server}>
        {(describedBy) => (
          <>
            <input
              id={idOf("server")}
              type="text"
              class="mono"
              list="login-suggestions"
              value={props.draft.server}
              placeholder="github.com"
              inputmode="url"
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              aria-describedby={describedBy}
              aria-invalid={problems().server !== undefined}
              onPaste={reducePasted}
              onChange={reduce}
              onInput={(event) => props.setDraft("server", event.currentTarget.value)}
            />
            <datalist id="login-suggestions">
              <For each={props.suggestions}>{(server) => <option>{server}</option>}</For>
            </datalist>
          </>
        )}
      </Field>
      <Field
        id={idOf("username")}
        label="User name"
        hint="Optional. Most forges ignore it with a token."
        problem={problems().username}
      >
        {(describedBy) => (
          <input
            id={idOf("username")}
            type="text"
            class="mono"
            value={props.draft.username}
            placeholder="git"
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            aria-describedby={describedBy}
            aria-invalid={problems().username !== undefined}
            onInput={(event) => props.setDraft("username", event.currentTarget.value)}
          />
        )}
      </Field>
      <TokenField
        id={idOf("token")}
        token={props.draft.token}
        problem={problems().token}
        moreDescribedBy={TOKEN_PAGE}
        onToken={(token) => props.setDraft("token", token)}
      />
      <Show when={tokenPageOf(origin())}>
        {(page) => (
          <p id={TOKEN_PAGE} class="hint">
            <a href={page().url} target="_blank" rel="noreferrer">
              Create a token
            </a>{" "}
            on {page().host}. {page().rights}
          </p>
        )}
      </Show>
      <Show when={refusal()}>
        <p class="problem" role="alert" ref={showToReader}>
          {refusal()}
        </p>
      </Show>
      <div class="dialog-actions">
        <output class="hint">
          <Show when={props.stored.has(saved()) && saved()}>{(stored) => `${nameOfOrigin(stored())} is saved.`}</Show>
        </output>
        <button type="submit" class="button primary" classList={{ working: sending() }} aria-busy={sending()}>
          Save
        </button>
      </div>
    </form>
  );
}
