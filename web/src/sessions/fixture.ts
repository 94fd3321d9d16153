import type { Session } from "../api/types";

/** A ready session for tests, changed as the test needs. */
export function sessionWith(changes: Partial<Session> = {}): Session {
  return {
    id: "0123456789abcdef0123",
    owner: "dev@localhost",
    phase: { name: "ready", since: "2026-01-01T12:00:00Z" },
    url: "http://0123456789abcdef0123-oc.localhost:3000/",
    attachUrl: "http://127.0.0.1:4096/s/0123456789abcdef0123",
    createdAt: "2026-01-01T11:00:00Z",
    lastActivityAt: "2026-01-01T12:00:00Z",
    defaultBranch: false,
    busy: false,
    needsInput: false,
    keptAliveBy: [],
    notes: [],
    ...changes,
  };
}
