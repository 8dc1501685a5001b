import type { Slice } from "../../proto/gen/slice.js";

/** What a process under load is told. Times are on the host's monotonic clock. */
export type ToAgent =
	| { readonly kind: "prepare"; readonly slice: Slice; readonly recording: boolean }
	| { readonly kind: "arm"; readonly epochUs: number }
	| { readonly kind: "stop" };

export type FromAgent =
	| { readonly kind: "ready" }
	| { readonly kind: "failed"; readonly reason: string }
	| { readonly kind: "progress"; readonly enqueued: number; readonly completed: number }
	| ({ readonly kind: "done" } & AgentFigures);

/** Times are since the epoch; -1 where nothing happened. */
export interface AgentFigures {
	readonly enqueued: number;
	readonly completed: number;
	readonly polls: number;
	readonly firstSentAtUs: number;
	readonly lastEnqueuedAtUs: number;
	readonly lastCompletedAtUs: number;
	readonly cpuUs: number;
	readonly peakRssBytes: number;
	readonly errors: readonly string[];
}
