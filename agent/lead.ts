import { setTimeout as sleep } from "node:timers/promises";
import type { Conclude, Concluded } from "../proto/gen/cluster.js";
import type { Namespace, RedisSample } from "../proto/gen/measurement.js";
import type { Slice } from "../proto/gen/slice.js";
import { parseTaskId } from "../proto/taskid.js";
import type { Redis } from "./spool/connection.js";
import { census, countKeys, purgeNamespace, removeRun, sampleRedis } from "./spool/namespace.js";

const SAMPLE_INTERVAL_MS = 1_000;
const LAST_SAMPLE_MS = 1_000;

/** Somebody else's keys are where the run wants to be. */
export class NamespaceInUseError extends Error {}

/**
 * Makes sure that nothing lies under the key prefix.
 *
 * @param purge delete what is there instead of refusing
 * @throws NamespaceInUseError when keys are there, or come back after the purge; without `purge` nothing was touched
 */
export async function claimNamespace(redis: Redis, prefix: string, purge: boolean): Promise<Namespace> {
	const keysFound = await countKeys(redis, prefix);
	if (keysFound > 0 && !purge) {
		throw new NamespaceInUseError(
			`${keysFound.toLocaleString("en")} keys under the prefix "${prefix}" exist already, and nothing was touched: ` +
				"choose another --key-prefix, or --purge to delete them first",
		);
	}
	const keysPurged = keysFound > 0 ? await purgeNamespace(redis, prefix) : 0;
	const keysBeforeStart = keysPurged > 0 ? await countKeys(redis, prefix) : 0;
	if (keysBeforeStart > 0) {
		throw new NamespaceInUseError(
			`${keysBeforeStart} keys under the prefix "${prefix}" came back after the purge: somebody else is using it`,
		);
	}
	return { keysFound, keysPurged, keysBeforeStart };
}

/**
 * Counts what the run left in Redis, with `readStates` also what the tasks' records say, and with `clean` removes what it
 * made. Call when every agent has stopped.
 */
export async function concludeRun(
	redis: Redis,
	slice: Slice,
	prefix: string,
	{ clean, readStates }: Pick<Conclude, "clean" | "readStates">,
	atUs: number,
): Promise<Omit<Concluded, "ordinal">> {
	const identify = (taskId: string) => parseTaskId(slice.runTag, taskId);
	const found = await census(redis, prefix, identify, { readStates });
	const after = { ...found, redis: await sampleRedis(redis, prefix, atUs) };
	if (!clean) return { census: after, keysRemoved: 0, keysLeft: await countKeys(redis, prefix) };
	const { removed, left } = await removeRun(redis, prefix, (taskId) => identify(taskId) !== undefined);
	return { census: after, keysRemoved: removed, keysLeft: left };
}

/** Samples the backlog and Redis's INFO once a second for as long as this agent leads. */
export class RedisSampler {
	readonly all: RedisSample[] = [];
	#untaken: RedisSample[] = [];
	#timer: NodeJS.Timeout | undefined;

	constructor(
		private readonly sample: () => Promise<RedisSample>,
		private readonly onError: (error: Error) => void,
		public leading: boolean,
	) {}

	start(): void {
		this.#timer = setInterval(() => void this.#once(), SAMPLE_INTERVAL_MS);
		void this.#once();
	}

	/** Takes a last sample, so that the samples span the run. Does not wait long for a Redis that is gone. */
	async finish(): Promise<void> {
		this.stop();
		const waited = new AbortController();
		await Promise.race([this.#once(), sleep(LAST_SAMPLE_MS, undefined, { signal: waited.signal }).catch(() => {})]);
		waited.abort();
	}

	/** May be called twice. */
	stop(): void {
		clearInterval(this.#timer);
	}

	/** Tasks in the queues at the last sample; -1 where this agent has none. */
	get backlog(): number {
		return this.all.at(-1)?.backlog.reduce((sum, length) => sum + length, 0) ?? -1;
	}

	/** The samples since the last call. */
	take(): RedisSample[] {
		const taken = this.#untaken;
		this.#untaken = [];
		return taken;
	}

	async #once(): Promise<void> {
		if (!this.leading) return;
		try {
			const sample = await this.sample();
			this.all.push(sample);
			this.#untaken.push(sample);
		} catch (error) {
			this.onError(error as Error);
		}
	}
}
