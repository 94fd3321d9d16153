import type { Profile } from "../api/types";

/** What a user needs to know of a profile, as one line. */
export function profileFacts(profile: Profile | undefined): string {
  const image = profile?.image && `Image ${profile.image}`;
  const storage = profile?.storage && `${profile.storage} of storage for a new session`;
  const idle = profile?.idleTimeoutMinutes && `Stops after ${minutes(profile.idleTimeoutMinutes)} without use`;
  const facts = [profile?.description, image, storage, idle].filter((fact) => fact);
  return facts.map((fact) => `${fact}.`.replace(/\.\.$/, ".")).join(" ");
}

function minutes(number: number): string {
  const [count, unit] = number >= 120 ? [number / 60, "hours"] : [number, number === 1 ? "minute" : "minutes"];
  return `${Math.round(count * 10) / 10} ${unit}`;
}
