import { For, Show } from "solid-js";
import type { Profile, Session } from "../api/types";
import type { Commands } from "../sessions/commands";
import { isStarting } from "../sessions/state";
import { Field } from "../start/Field";

interface ProfileChoiceProps {
  session: Session;
  profiles: Profile[];
  commands: Commands;
}

/** Another profile for the session's next start. */
export function ProfileChoice(props: ProfileChoiceProps) {
  const chosen = () => props.session.profile ?? props.profiles[0]?.name;
  const gone = () => !props.profiles.some((profile) => profile.name === chosen());
  const runs = () => props.session.phase.name === "ready" || isStarting(props.session);
  const hint = () =>
    runs() ? "Counts from the next start: stop the session and start it again to apply it." : "Counts from the next start.";
  return (
    <Show when={props.profiles.length > 1 || gone()}>
      <Field id="detail-profile" label="Profile" hint={hint()}>
        {(describedBy) => (
          <select
            id="detail-profile"
            aria-describedby={describedBy}
            disabled={props.commands.running(props.session.id) !== undefined}
            onChange={(event) => void props.commands.chooseProfile(props.session.id, event.currentTarget.value)}
          >
            <Show when={gone()}>
              <option selected disabled>
                {`${chosen()} (does not exist any more)`}
              </option>
            </Show>
            <For each={props.profiles}>
              {(profile) => (
                <option value={profile.name} selected={profile.name === chosen()}>
                  {profile.title}
                </option>
              )}
            </For>
          </select>
        )}
      </Field>
    </Show>
  );
}
