import { Show } from "solid-js";
import type { Session } from "../api/types";
import { Icon } from "../ui/Icon";
import { branchLabel, shortRepo } from "./naming";

/** The session's repository and branch. */
export function Where(props: { session: Session }) {
  return (
    <span class="where">
      <Show when={props.session.repoUrl} fallback={<span>no repository</span>}>
        {(url) => (
          <span class="where-part" title={url()}>
            <Icon name="repo" />
            <span class="clip">{shortRepo(url())}</span>
          </span>
        )}
      </Show>
      <Show when={branchLabel(props.session)}>
        {(branch) => (
          <span class="where-part" title={branch()}>
            <Icon name="branch" />
            <span class="clip">{branch()}</span>
          </span>
        )}
      </Show>
    </span>
  );
}
