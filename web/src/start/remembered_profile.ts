const KEY = "opencode-router.profile";

/** The profile of the last started session, if the user can still choose it. */
export function rememberedProfile(names: string[]): string {
  try {
    const name = localStorage.getItem(KEY) ?? "";
    return names.includes(name) ? name : "";
  } catch {
    return "";
  }
}

/** Without browser storage, nothing is remembered. */
export function rememberProfile(name: string): void {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    return;
  }
}
