import { For } from "solid-js";
import type { Profile } from "../api/types";
import { profileFacts } from "../sessions/profiles";
import { Field } from "./Field";

interface ProfileFieldProps {
  profiles: Profile[];
  chosen: string;
  onChoose: (name: string) => void;
}

export function ProfileField(props: ProfileFieldProps) {
  const chosen = () => props.profiles.find((profile) => profile.name === props.chosen) ?? props.profiles[0];
  return (
    <Field id="start-profile" label="Profile" hint={profileFacts(chosen())}>
      {(describedBy) => (
        <select
          id="start-profile"
          aria-describedby={describedBy}
          onChange={(event) => props.onChoose(event.currentTarget.value)}
        >
          <For each={props.profiles}>
            {(profile) => (
              <option value={profile.name} selected={profile.name === chosen()?.name}>
                {profile.title}
              </option>
            )}
          </For>
        </select>
      )}
    </Field>
  );
}
