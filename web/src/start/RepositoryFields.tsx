import { For } from "solid-js";
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
          // With suggestions it would be a combobox to assistive technology, which promises a choice from a list.
          role={field === "repoUrl" ? "textbox" : undefined}
          class="mono"
          value={props.draft[field]}
          placeholder={placeholder}
          list={field === "repoUrl" ? "recent-repos" : undefined}
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
      {text("repoUrl", "Repository URL", "https, ssh or git@host:owner/name", "https://github.com/owner/name")}
      <datalist id="recent-repos">
        <For each={props.recentRepos}>{(url) => <option value={url}>{shortRepo(url)}</option>}</For>
      </datalist>
      {text("branch", "Branch", "Leave it empty for the repository’s default branch.", "default branch")}
      <details class="more" open={props.draft.sourceBranch !== "" || props.problems.sourceBranch !== undefined}>
        <summary>Create the branch from another one</summary>
        {text("sourceBranch", "Start from", "Used only if the branch above does not exist yet.", "main")}
      </details>
    </>
  );
}
