// opencode's own web page (1.18), as a person sees it.
import { eventually, pause } from "./journey.mjs";

export const promptBox = (page) => page.getByRole("textbox", { name: "Prompt", exact: true });

/**
 * Sends a prompt. The page ignores Enter until it knows its models, and may clear the box while it loads a
 * conversation. So this types and sends the text again until the browser has sent it.
 */
export async function sendPrompt(page, text) {
  const box = promptBox(page);
  const sent = page.waitForRequest(isSent);
  await eventually(`“${text}” is sent`, async () => {
    if (!(await box.textContent()).includes(text)) await box.fill(text);
    await box.press("Enter");
    return Promise.race([sent, pause(3000)]);
  });
}

const isSent = (request) => request.method() === "POST" && new URL(request.url()).pathname.startsWith("/session");

/** Opens the terminal of a conversation and waits until its WebSocket carries a shell's prompt. */
export async function openTerminal(page) {
  const received = [];
  const socket = page.waitForEvent("websocket", (candidate) => candidate.url().includes("/pty/"));
  await page.keyboard.press("Control+Backquote");
  (await socket).on("framereceived", ({ payload }) => received.push(String(payload)));
  const output = () => received.join("");
  await eventually("the shell shows its prompt", () => /[#$] /.test(output()));
  await page.getByRole("region", { name: "Terminal" }).waitFor();
  return {
    /** Types a command and waits for its output. */
    async run(command, printed) {
      await page.getByRole("textbox", { name: "Terminal input" }).first().click();
      await page.keyboard.type(command);
      await page.keyboard.press("Enter");
      await eventually(`the terminal shows ${printed}`, () => output().includes(printed));
    },
  };
}
