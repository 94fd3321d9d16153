import type { Plugin } from "vite";
import solid from "vite-plugin-solid";
import { defineConfig } from "vitest/config";

/** The theme is chosen by the script, so nothing may be painted before it ran: no flash of the other theme. */
function paintAfterScript(): Plugin {
  return {
    name: "paint-after-script",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replace('<script type="module"', '<script type="module" blocking="render"'),
    },
  };
}

export default defineConfig({
  plugins: [solid(), paintAfterScript()],
  build: {
    outDir: "dist",
    assetsDir: "assets",
    target: ["chrome123", "firefox121", "safari17.5"],
    // The page is served with `default-src 'self'`: a data: URL would be refused.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": "http://localhost:3000" },
  },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts"],
  },
});
