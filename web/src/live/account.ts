import { createEffect, createSignal, on } from "solid-js";
import { readMe } from "../api/client";
import { Problem } from "../api/problem";
import type { Me } from "../api/types";
import type { StreamStatus } from "./stream";

/** The user, requested at each connect and disconnect: an event stream cannot tell a lost network from an ended sign-in. */
export function createAccount(status: () => StreamStatus) {
  const [me, setMe] = createSignal<Me>();
  const [signedOut, setSignedOut] = createSignal(false);

  createEffect(
    on(status, () => void ask()),
  );

  async function ask(): Promise<void> {
    try {
      setMe(await readMe());
      setSignedOut(false);
    } catch (thrown) {
      if (thrown instanceof Problem && thrown.signedOut) setSignedOut(true);
    }
  }
  return { me, signedOut };
}
