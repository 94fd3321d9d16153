import { Icon } from "../ui/Icon";
import { createTheme, type Theme, THEMES } from "./theme";

const ICONS = { system: "system", light: "sun", dark: "moon" } as const;

const following = (theme: Theme): Theme => THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? "system";

/** Cycles through system, light and dark. */
export function ThemeButton() {
  const [theme, setTheme] = createTheme();
  return (
    <button
      type="button"
      class="button icon-only"
      aria-label={`Theme: ${theme()}`}
      title={`Theme: ${theme()}. Switch to ${following(theme())}.`}
      onClick={() => setTheme(following(theme()))}
    >
      <Icon name={ICONS[theme()]} />
    </button>
  );
}
