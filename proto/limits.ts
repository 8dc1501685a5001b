/** What both ends of the stream agree on besides the messages. */
export const PROTOCOL_VERSION = 1;
export const MAX_AGENTS = 512;
export const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;
export const RESULT_CHUNK_BYTES = 1024 * 1024;
/** A result of this size holds the ledger of 500 million tasks; a larger one is refused. */
export const MAX_RESULT_BYTES = 512 * 1024 * 1024;
/** Of one agent's profile, gzipped; what it unpacks to is bounded too. */
export const MAX_PROFILE_BYTES = 64 * 1024 * 1024;
export const HELLO_TIMEOUT_MS = 10_000;
export const HEARTBEAT_INTERVAL_MS = 1_000;
export const LEASE_MS = 10_000;
/** An agent whose stream breaks while it hands in its result has so long to come back with the rest. */
export const RESUME_TIMEOUT_MS = 30_000;
