import type { Priority, TaskState } from "./task.js";

/** By priority: 0 low … 3 critical. */
const QUEUE_NAMES = ["low", "normal", "high", "critical"] as const;

export const PRIORITIES: readonly Priority[] = [0, 1, 2, 3];

const STATES: readonly TaskState[] = ["pending", "processing", "completed", "failed", "retrying", "dead_letter"];

const STATISTICS = ["total", "completed", "failed", "dlq", "last_enqueue", "last_dequeue"] as const;

/** The kinds of key that belong to one task: the ID follows. */
const TASK_KINDS = ["task", "processing", "store:task", "store:result", "dlq:meta"] as const;

export type TaskKind = (typeof TASK_KINDS)[number];

/** Every Redis key that Spool uses, below one prefix. */
export class SpoolKeys {
	readonly queues: readonly [string, string, string, string];
	readonly deadLetters: string;
	readonly totalCount: string;
	readonly completedCount: string;
	readonly failedCount: string;
	readonly deadLetterCount: string;
	readonly lastEnqueue: string;
	readonly lastDequeue: string;

	constructor(readonly prefix: string) {
		const [low, normal, high, critical] = QUEUE_NAMES;
		this.queues = [
			`${prefix}queue:${low}`,
			`${prefix}queue:${normal}`,
			`${prefix}queue:${high}`,
			`${prefix}queue:${critical}`,
		];
		this.deadLetters = `${prefix}dlq:tasks`;
		this.totalCount = `${prefix}stats:total`;
		this.completedCount = `${prefix}stats:completed`;
		this.failedCount = `${prefix}stats:failed`;
		this.deadLetterCount = `${prefix}stats:dlq`;
		this.lastEnqueue = `${prefix}stats:last_enqueue`;
		this.lastDequeue = `${prefix}stats:last_dequeue`;
	}

	task(id: string): string {
		return `${this.prefix}task:${id}`;
	}

	processing(id: string): string {
		return `${this.prefix}processing:${id}`;
	}

	storedTask(id: string): string {
		return `${this.prefix}store:task:${id}`;
	}

	storedResult(id: string): string {
		return `${this.prefix}store:result:${id}`;
	}

	deadLetterNote(id: string): string {
		return `${this.prefix}dlq:meta:${id}`;
	}

	stateIndex(state: TaskState): string {
		return `${this.prefix}index:state:${state}`;
	}
}

/** What a key below the prefix is. */
export type KeyUse =
	| { readonly kind: TaskKind; readonly taskId: string }
	/** Holds task IDs, or for `dlq:tasks` whole tasks, of any number of runs. */
	| { readonly kind: "queue" | "index:state" | "dlq:tasks" }
	| { readonly kind: "stats" }
	/** The fused queue's own: what a consumer holds, by task; what it is being given; who holds something; retries that wait. */
	| { readonly kind: "fused:held" | "fused:fetched" | "fused:leases" | "fused:retries" }
	/** Not a key of Spool's. */
	| { readonly kind: "other" };

const SHARED_KEYS: ReadonlyMap<string, KeyUse> = new Map<string, KeyUse>([
	...QUEUE_NAMES.map((name): [string, KeyUse] => [`queue:${name}`, { kind: "queue" }]),
	...STATES.map((state): [string, KeyUse] => [`index:state:${state}`, { kind: "index:state" }]),
	...STATISTICS.map((name): [string, KeyUse] => [`stats:${name}`, { kind: "stats" }]),
	["dlq:tasks", { kind: "dlq:tasks" }],
	["fused:leases", { kind: "fused:leases" }],
	["fused:retries", { kind: "fused:retries" }],
]);

const HELD_PREFIX = "fused:held:";
const FETCHED_PREFIX = "fused:fetched:";

/** The inverse of `SpoolKeys`: says what `key`, which begins with `prefix`, is used for. */
export function readKey(prefix: string, key: string): KeyUse {
	const name = key.slice(prefix.length);
	const shared = SHARED_KEYS.get(name);
	if (shared) return shared;
	if (name.startsWith(HELD_PREFIX)) return { kind: "fused:held" };
	if (name.startsWith(FETCHED_PREFIX)) return { kind: "fused:fetched" };
	for (const kind of TASK_KINDS) {
		if (name.startsWith(kind) && name.charCodeAt(kind.length) === 58)
			return { kind, taskId: name.slice(kind.length + 1) };
	}
	return { kind: "other" };
}
