import { createEffect, createSignal } from "solid-js";

export const THEMES = ["system", "light", "dark"] as const;
export type Theme = (typeof THEMES)[number];

const KEY = "opencode-router.theme";

/** The user's theme, stored in this browser. The style sheet reads it from the root element. */
export function createTheme() {
  const [theme, setTheme] = createSignal<Theme>(stored());
  createEffect(() => {
    document.documentElement.dataset["theme"] = theme();
    store(theme());
  });
  return [theme, setTheme] as const;
}

/** Applies the theme before the first paint. */
export function applyStoredTheme(): void {
  document.documentElement.dataset["theme"] = stored();
}

// Without browser storage the choice lasts as long as the page.
function stored(): Theme {
  try {
    const value = localStorage.getItem(KEY);
    return THEMES.find((theme) => theme === value) ?? "system";
  } catch {
    return "system";
  }
}

function store(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    return;
  }
}
