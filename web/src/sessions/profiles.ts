import type { Profile } from "../api/types";

/** What a user needs to know of a profile, as one line. */
export function profileFacts(profile: Profile | undefined): string {
  const image = profile?.image && `Image ${profile.image}`;
  const storage = profile?.storage && `${profile.storage} of storage for a new session`;
  const facts = [profile?.description, image, storage].filter((fact) => fact);
  return facts.map((fact) => `${fact}.`.replace(/\.\.$/, ".")).join(" ");
}
