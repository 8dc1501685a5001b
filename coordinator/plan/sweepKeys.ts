/** What a sweep can vary, in the order in which points are made: the last one changes fastest. */
export const SWEEP_KEYS = ["engine", "pollInterval", "payload", "producers", "rate", "agents", "workers"] as const;
export type SweepKey = (typeof SWEEP_KEYS)[number];
