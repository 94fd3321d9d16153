import { describe, expect, it } from "vitest";
import { profileFacts } from "./profiles";

const small = { name: "small", title: "Small box", description: "For reviews", image: "box:1", storage: "2Gi" };
const gpu = { name: "gpu", title: "gpu" };

describe("profiles", () => {
  it("say what a user needs to know", () => {
    expect(profileFacts(small)).toBe("For reviews. Image box:1. 2Gi of storage for a new session.");
    expect(profileFacts({ ...gpu, description: "With a GPU." })).toBe("With a GPU.");
    expect(profileFacts({ ...gpu, idleTimeoutMinutes: 30 })).toBe("Stops after 30 minutes without use.");
    expect(profileFacts({ ...gpu, idleTimeoutMinutes: 480 })).toBe("Stops after 8 hours without use.");
    expect(profileFacts(gpu)).toBe("");
    expect(profileFacts(undefined)).toBe("");
  });
});
