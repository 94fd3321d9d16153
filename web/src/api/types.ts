/** Types of the REST API. Times are RFC 3339 strings. Fields without a value are absent. */

export type PhaseName =
  | "pending"
  | "scheduling"
  | "pulling"
  | "cloning"
  | "starting"
  | "ready"
  | "stopping"
  | "stopped"
  | "failed"
  | "deleting";

export interface Phase {
  name: PhaseName;
  since: string;
  message?: string;
  /** 0 to 100, while cloning. */
  percent?: number;
  /** A slug, when failed. */
  reason?: string;
  logTail?: string[];
}

export type KeptAliveBy = "activity" | "busy" | "needs-input" | "open-request" | "processes" | "agent-unknown" | "starting";

export type Outdated = "profile" | "image" | "secrets" | "keys";

/** A measured figure. Without a limit, nothing is free and its level is ok. */
export interface Gauge {
  used: number;
  limit?: number;
  free?: number;
  level: "ok" | "near" | "full";
}

export interface Usage {
  /** Bytes. */
  disk?: Gauge;
  /** Number of files. */
  files?: Gauge;
  /** Bytes. */
  memory?: Gauge;
}

export interface Session {
  id: string;
  owner: string;
  repoUrl?: string;
  /** Null for a default branch whose name is not known yet; absent for a new project. */
  branch?: string | null;
  /** Whether it was opened without a branch. */
  defaultBranch?: boolean;
  sourceBranch?: string;
  profile?: string;
  title?: string;
  phase: Phase;
  url: string;
  attachUrl: string;
  createdAt: string;
  lastActivityAt: string;
  stopsAt?: string;
  deletedAt?: string;
  deletedSoon?: boolean;
  busy: boolean;
  needsInput: boolean;
  /** opencode ignores the repository's configuration until its owner trusts the repository. */
  asksForTrust?: boolean;
  keptAliveBy: KeptAliveBy[];
  /** What a restart would change. */
  outdated?: Outdated[];
  /** What its user should know, as sentences. */
  notes?: string[];
  usage?: Usage;
}

/** A template for sessions. */
export interface Profile {
  name: string;
  title: string;
  description?: string;
  image?: string;
  /** The size of a new session's volume. */
  storage?: string;
  /** Minutes without use after which the router stops a session. */
  idleTimeoutMinutes?: number;
}

export interface Me {
  email: string;
  identity: "local" | "proxy";
  runtime: string;
  version: string;
  domain: string;
  opencodeVersion?: string;
  limits: {
    idleTimeoutMinutes: number;
    maxBusyMinutes: number;
    holdTimeoutSeconds: number;
    startTimeoutSeconds: number;
  };
  /** What the user can choose, the default first. Empty if there is no choice. */
  profiles: Profile[];
}

/** An environment variable of all the user's sessions. Its value goes to the router and never comes back. */
export interface Secret {
  name: string;
  changedAt: string;
}

/** A name that opencode knows, with the provider it is for. */
export interface Suggestion {
  name: string;
  provider: string;
}

export interface Secrets {
  secrets: Secret[];
  suggestions: Suggestion[];
  limits: { secrets: number; valueBytes: number };
}

/** The user's login for a Git server. Its token goes to the router and never comes back. */
export interface GitLogin {
  /** https://host[:port] or http://host[:port] */
  origin: string;
  username: string;
  changedAt: string;
  /** The login proxy forwarded it. */
  forwarded?: true;
}

export interface GitLogins {
  logins: GitLogin[];
  limits: { logins: number; tokenBytes: number };
}

export interface NewGitLogin {
  /** A host, host:port or an origin. */
  origin: string;
  username?: string;
  token: string;
}

export interface NewSession {
  repoUrl?: string;
  branch?: string;
  sourceBranch?: string;
  profile?: string;
  initialMessage?: string;
}

export interface AttachToken {
  id: string;
  token: string;
  createdAt: string;
  expiresAt: string;
  attachCommand: string;
  attachNote: string;
}
