import { createEffect, untrack } from "solid-js";
import type { Profile } from "../api/types";
import { type Filled, fillFrom, readLink } from "../start/link";

/**
 * Opens what the address asks for, once the user's profiles are known. The address keeps it until then, for a reload after
 * a sign-in; afterwards a reload or a copied address fills nothing.
 */
export function followLink(profiles: () => Profile[] | undefined, open: (filled: Filled) => void): void {
  let link = readLink(location.search);
  createEffect(() => {
    const known = profiles();
    if (!link || !known) return;
    const filled = fillFrom(link, known);
    link = undefined;
    history.replaceState(history.state, "", location.pathname + location.hash);
    untrack(() => open(filled));
  });
}
