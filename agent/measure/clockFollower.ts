import { Worker } from "node:worker_threads";
import type { Arm } from "../../proto/gen/cluster.js";
import type { ClockQuality } from "../../proto/gen/measurement.js";
import { nowUs } from "./clock.js";
import type { BurstNews } from "./clockBeat.js";
import type { HostClock } from "./clockOfHost.js";
import { ClockTracker } from "./clockTracker.js";

/** For the calls at the end; a Redis that is away does not hold up the result. */
const FINISH_TIMEOUT_MS = 2_000;

export interface FollowerOptions {
	readonly url: string;
	/** What CLIENT LIST shows. */
	readonly connectionName: string;
	readonly arm: Arm;
	readonly onWarning: (message: string) => void;
}

/**
 * Follows Redis's clock during a run whose tasks cross hosts, by a thread with a connection of its own. From the moment it is
 * made until `finish` or `stop`; both may be called twice.
 */
export class ClockFollower implements HostClock {
	readonly hostIndex: number;
	readonly #tracker: ClockTracker;
	/** Redis's clock minus this host's when the run was armed. */
	readonly #armedOffsetUs: number;
	readonly #thread: Worker;
	readonly #ended: Promise<void>;
	#lastWarning = "";
	#finishing: Promise<void> | undefined;

	constructor(private readonly options: FollowerOptions) {
		const { arm, url, connectionName } = options;
		this.hostIndex = arm.hostIndex;
		this.#armedOffsetUs = arm.epochRedisUs - arm.epochMonotonicUs;
		this.#tracker = new ClockTracker(nowUs(), arm.clockBoundUs, arm.epochMonotonicUs);
		this.#thread = new Worker(new URL("./clockThread.js", import.meta.url), {
			workerData: { url, connectionName },
		});
		this.#thread.unref();
		this.#thread.on("message", (news: BurstNews) => this.#hear(news));
		this.#thread.on("error", (error) => this.#warn(`the clock is no longer followed: ${error.message}`));
		this.#ended = new Promise((resolve) => this.#thread.once("exit", () => resolve()));
	}

	correctionUs(atUs: number): number {
		return this.#tracker.offsetUs(atUs);
	}

	/** Since the epoch. */
	quality(): ClockQuality {
		return this.#tracker.quality(this.hostIndex, nowUs());
	}

	/** Compares the clocks a last time and ends the thread. Takes 2 s at the most. */
	finish(): Promise<void> {
		this.#finishing ??= this.#finish();
		return this.#finishing;
	}

	/** Ends the thread at once. */
	stop(): void {
		void this.#thread.terminate();
	}

	async #finish(): Promise<void> {
		this.#thread.postMessage("finish");
		const timeout = setTimeout(() => this.stop(), FINISH_TIMEOUT_MS);
		await this.#ended;
		clearTimeout(timeout);
	}

	#hear(news: BurstNews): void {
		switch (news.kind) {
			case "interval": {
				const { interval } = news;
				const lowUs = interval.lowUs - this.#armedOffsetUs;
				const highUs = interval.highUs - this.#armedOffsetUs;
				this.#tracker.take({ ...interval, lowUs, highUs });
				break;
			}
			case "torn":
				this.#tracker.torn();
				this.#warn("the Redis host's clock was set");
				break;
			case "failed":
				this.#tracker.failed();
				this.#warn(`could not read Redis's clock: ${news.message}`);
				break;
		}
	}

	/** Each attempt fails in the same way: said once. */
	#warn(message: string): void {
		if (message !== this.#lastWarning) this.options.onWarning(message);
		this.#lastWarning = message;
	}
}
