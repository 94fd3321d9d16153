import { createSignal, onMount } from "solid-js";
import type { Session } from "../api/types";
import type { Commands } from "../sessions/commands";
import { EarlierSessions } from "./EarlierSessions";
import { Loading } from "./Loading";
import { SecretForm } from "./SecretForm";
import { SecretList } from "./SecretList";
import { createStored } from "./stored";
import { focusValue } from "./ValueField";

interface VariablesProps {
  sessions: Session[];
  commands: Commands;
}

/** The environment variables of the user's sessions. */
export function Variables(props: VariablesProps) {
  const stored = createStored();
  const [name, setName] = createSignal("");
  const [value, setValue] = createSignal("");
  onMount(() => void stored.load());

  function replace(chosen: string): void {
    setName(chosen);
    setValue("");
    focusValue();
  }

  return (
    <>
      <p class="hint">
        Your sessions get these as environment variables at their next start. Nobody can read them here, also not you.
      </p>
      <Loading loaded={stored.loaded()} problem={stored.problem()} onRetry={() => void stored.load()}>
        <SecretList stored={stored} onReplace={replace} />
      </Loading>
      <SecretForm stored={stored} name={name()} setName={setName} value={value()} setValue={setValue} />
      <EarlierSessions sessions={props.sessions} commands={props.commands} />
    </>
  );
}
