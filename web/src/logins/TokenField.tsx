import { createEffect, createSignal } from "solid-js";
import { Field } from "../start/Field";

interface TokenFieldProps {
  id: string;
  token: string;
  problem: string | undefined;
  /** The id of the words about this server's tokens. */
  moreDescribedBy: string;
  onToken: (token: string) => void;
}

/** A hidden token. */
export function TokenField(props: TokenFieldProps) {
  const [shown, setShown] = createSignal(false);
  createEffect(() => {
    if (props.token === "") setShown(false);
  });
  return (
    <Field id={props.id} label="Token" problem={props.problem}>
      {(describedBy) => (
        <div class="secret-value">
          <input
            id={props.id}
            type={shown() ? "text" : "password"}
            class="mono"
            value={props.token}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            aria-describedby={`${describedBy} ${props.moreDescribedBy}`}
            aria-invalid={props.problem !== undefined}
            onInput={(event) => props.onToken(event.currentTarget.value)}
          />
          <button
            type="button"
            class="button"
            aria-label={shown() ? "Hide token" : "Show token"}
            onClick={() => setShown(!shown())}
          >
            {shown() ? "Hide" : "Show"}
          </button>
        </div>
      )}
    </Field>
  );
}
