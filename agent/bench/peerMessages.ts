export type PeerLibrary = "bullmq" | "bee-queue";

export interface PeerJob {
	readonly data: string;
	readonly task_id: number;
}

/** Sent once; times are on the host's monotonic clock. */
export interface ToPeer {
	readonly library: PeerLibrary;
	readonly socket: string;
	readonly jobs: readonly PeerJob[];
	readonly adders: number;
	/** Jobs added with one call. */
	readonly bulk: number;
	readonly concurrency: number;
	readonly epochUs: number;
}

export type FromPeer =
	| { readonly kind: "failed"; readonly reason: string }
	| {
			readonly kind: "progress";
			readonly completed: number;
			readonly firstSentAtUs: number;
			readonly lastCompletedAtUs: number;
			/** Since the epoch. */
			readonly cpuUs: number;
	  };
