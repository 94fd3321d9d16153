import { For, Show } from "solid-js";
import type { SetStoreFunction } from "solid-js/store";
import { shortRepo } from "../sessions/naming";
import { Field } from "./Field";
import type { Draft, DraftProblems } from "./validate";

interface RepositoryFieldsProps {
  draft: Draft;
  setDraft: SetStoreFunction<Draft>;
  problems: DraftProblems;
  recentRepos: string[];
}

export function RepositoryFields(props: RepositoryFieldsProps) {
  const text = (field: "repoUrl" | "branch" | "sourceBranch", label: string, hint: string, placeholder: string) => (
    <Field id={`start-${field}`} label={label} hint={hint} problem={props.problems[field]}>
      {(describedBy) => (
        <input
          id={`start-${field}`}
          type="text"
          class="mono"
          value={props.draft[field]}
          placeholder={placeholder}
          inputmode={field === "repoUrl" ? "url" : "text"}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          autofocus={field === "repoUrl"}
          aria-describedby={describedBy}
          aria-invalid={props.problems[field] !== undefined}
          onInput={(event) => props.setDraft(field, event.currentTarget.value)}
        />
      )}
    </Field>
  );

  return (
    <>
      {text("repoUrl", "Repository URL", "Its URL, or what you copied: a page of it, or a git clone command.", "https://github.com/owner/name")}
      <Show when={props.recentRepos.length > 0}>
        <ul class="recent" aria-label="Recent repositories">
          <For each={props.recentRepos}>
            {(url) => (
              <li>
                <button
                  type="button"
                  class="button small-button mono"
                  title={url}
                  aria-pressed={props.draft.repoUrl === url}
                  onClick={() => props.setDraft("repoUrl", url)}
                >
                  <span class="clip">{shortRepo(url)}</span>
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      {text("branch", "Branch", "Leave it empty for the branch in the URL, or else the repository’s default branch.", "default branch")}
      <details class="more" open={props.draft.sourceBranch !== "" || props.problems.sourceBranch !== undefined}>
        <summary>Create the branch from another one</summary>
        {text("sourceBranch", "Start from", "Used only if the branch above does not exist yet.", "main")}
      </details>
    </>
  );
}
