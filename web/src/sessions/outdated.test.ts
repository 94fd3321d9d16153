import { describe, expect, it } from "vitest";
import { sessionWith } from "./fixture";
import { outdatedText } from "./outdated";

describe("an outdated session", () => {
  it("says what a restart would apply, and what it costs", () => {
    expect(outdatedText(sessionWith())).toBe("");
    expect(outdatedText(sessionWith({ outdated: ["image"] }))).toBe("Its image changed since its start. Restart to apply.");
    expect(outdatedText(sessionWith({ outdated: ["profile", "image", "secrets", "keys"], busy: true }))).toBe(
      "Its profile, image, Secrets and keys changed since its start. Restart to apply. The agent loses its current turn.",
    );
  });
});
