import type { Outage } from "../proto/gen/measurement.js";

/** A server that comes and goes all the time: what comes after so many is counted as one with the last. */
const MAX_OUTAGES = 100;

/**
 * When one or more of an agent's connections to Redis were lost and not yet opened anew. Its times are this process's
 * clock's, in microseconds; what it hands out is since the epoch.
 */
export class OutageLog {
	readonly #outages: { fromUs: number; toUs: number | undefined }[] = [];
	readonly #down = new Set<object>();
	#closed = false;

	constructor(private readonly nowUs: () => number) {}

	/** A connection was lost. It may be told again and again while it is away. */
	lost(connection: object): void {
		if (this.#closed) return;
		const first = this.#down.size === 0;
		this.#down.add(connection);
		if (!first) return;
		const last = this.#outages.at(-1);
		if (last && this.#outages.length >= MAX_OUTAGES) last.toUs = undefined;
		else this.#outages.push({ fromUs: this.nowUs(), toUs: undefined });
	}

	/** It answers again. */
	back(connection: object): void {
		if (this.#closed || !this.#down.delete(connection) || this.#down.size > 0) return;
		const last = this.#outages.at(-1);
		if (last) last.toUs = this.nowUs();
	}

	/** From now on connections end because they are to. */
	close(): void {
		this.#closed = true;
	}

	/** Those that ended after the epoch, or have not ended; from the epoch on. */
	since(epochUs: number): Outage[] {
		return this.#outages
			.filter(({ toUs }) => toUs === undefined || toUs > epochUs)
			.map(({ fromUs, toUs }) => ({
				fromUs: Math.max(0, fromUs - epochUs),
				toUs: toUs === undefined ? -1 : toUs - epochUs,
			}));
	}
}
