import type { RedisSample } from "../../proto/gen/measurement.js";

/**
 * What Redis did during a run, by the lead agent's samples. Undefined where too few samples tell, or where the server was
 * restarted between them.
 */
export interface RedisLoad {
	/** Of one core: the main thread's CPU time ÷ time. */
	readonly busyShare: number | undefined;
	readonly commands: number | undefined;
	readonly peakMemoryBytes: number | undefined;
	/** Most tasks in the queues at any sample. */
	readonly peakBacklog: number | undefined;
	readonly evictedKeys: number;
}

export function redisLoadOf(samples: readonly RedisSample[], afterwards: RedisSample | undefined): RedisLoad {
	const first = samples[0];
	const last = samples.at(-1);
	const elapsedUs = first !== undefined && last !== undefined ? last.atUs - first.atUs : 0;
	const told = elapsedUs > 0 && first !== undefined && last !== undefined ? { first, last } : undefined;
	const all = afterwards === undefined ? samples : [...samples, afterwards];
	const evictions = all.map((sample) => sample.evictedKeys).filter(isTold);
	return {
		busyShare:
			told !== undefined && told.first.cpuMainUs >= 0 && told.last.cpuMainUs >= told.first.cpuMainUs
				? (told.last.cpuMainUs - told.first.cpuMainUs) / elapsedUs
				: undefined,
		commands:
			told !== undefined && isTold(told.first.commands) && told.last.commands >= told.first.commands
				? told.last.commands - told.first.commands
				: undefined,
		peakMemoryBytes: told && greatest(samples.map((sample) => sample.usedMemoryBytes).filter(isTold)),
		peakBacklog: told && greatest(samples.map((sample) => sample.backlog.reduce((sum, length) => sum + length, 0))),
		evictedKeys: evictions.length > 1 ? Math.max(...evictions) - Math.min(...evictions) : 0,
	};
}

/** What the server does not tell is -1. */
function isTold(value: number): boolean {
	return value >= 0;
}

function greatest(values: readonly number[]): number | undefined {
	return values.length === 0 ? undefined : values.reduce((most, value) => Math.max(most, value));
}
