import { Worker } from "node:worker_threads";
import { nowUs } from "./measure/clock.js";

/**
 * The thread sleeps until the time in the cell, wakes the agent, and sleeps again until there is a new one. The time is on
 * the host's monotonic clock, in ns; it is compared by the wait itself, so that an earlier one cannot be missed.
 */
const THREAD = `
const { parentPort, workerData: cell } = require("node:worker_threads");
const never = 2n ** 62n;
parentPort.postMessage("ready");
for (;;) {
	const due = Atomics.load(cell, 0);
	const left = due - process.hrtime.bigint();
	if (left > 0n) Atomics.wait(cell, 0, due, Number(left) / 1e6);
	else if (Atomics.compareExchange(cell, 0, due, never) === due) parentPort.postMessage("ring");
}`;

const NEVER = 2n ** 62n;
/** What it takes from the thread's waking to the agent's turn, on a machine with nothing else to do. */
const LEAD_US = 80;
/** Who is due so soon is woken now: another round would take longer. */
const SLACK_US = 20;

interface Sleeper {
	readonly dueUs: number;
	/** Undefined: called off. */
	ring: (() => void) | undefined;
	/** Wakes it in place of the thread. */
	timer?: NodeJS.Timeout;
}

/**
 * Wakes at a time to about 0.1 ms. Node's own timers have a grain of 1 ms and are off by up to 1.5 ms either way, and to
 * spin for the rest of a millisecond keeps the event loop busy: at 300 sleeps a second for a third of the time, at 3,000
 * for all of it. So another thread waits, which has a finer clock; it takes next to no CPU time, here or there.
 */
export class Alarm {
	readonly #cell = new BigInt64Array(new SharedArrayBuffer(8)).fill(NEVER);
	readonly #thread: Worker;
	/** Until then, and where there can be no thread, Node's own timers have to do. */
	readonly ready: Promise<void>;
	#isReady = false;
	/** By time. */
	#sleepers: Sleeper[] = [];
	#armedUs = Number.POSITIVE_INFINITY;

	constructor() {
		this.#thread = new Worker(THREAD, { eval: true, workerData: this.#cell, stdin: false });
		this.ready = new Promise((resolve) => {
			this.#thread.on("message", (message: "ready" | "ring") => {
				if (message === "ring") return this.#rang();
				this.#isReady = true;
				resolve();
			});
		});
		this.#thread.on("error", () => {
			this.#isReady = false;
			for (const sleeper of this.#sleepers.splice(0)) this.#byTimer(sleeper);
		});
		// Last: to listen takes it back.
		this.#thread.unref();
	}

	/** Calls `ring` in `ms`. @returns prevents that */
	in(ms: number, ring: () => void): () => void {
		const sleeper: Sleeper = { dueUs: nowUs() + ms * 1_000, ring };
		if (this.#isReady) this.#add(sleeper);
		else this.#byTimer(sleeper);
		return () => {
			sleeper.ring = undefined;
			clearTimeout(sleeper.timer);
			const place = this.#sleepers.indexOf(sleeper);
			if (place >= 0) this.#sleepers.splice(place, 1);
		};
	}

	/** How many it is to wake. */
	get sleeping(): number {
		return this.#sleepers.length;
	}

	/** Ends the thread; who still sleeps is not woken. */
	async close(): Promise<void> {
		await this.#thread.terminate();
	}

	#byTimer(sleeper: Sleeper): void {
		sleeper.timer = setTimeout(() => sleeper.ring?.(), (sleeper.dueUs - nowUs()) / 1_000);
	}

	#add(sleeper: Sleeper): void {
		const sleepers = this.#sleepers;
		let place = sleepers.length;
		while (place > 0 && (sleepers[place - 1] as Sleeper).dueUs > sleeper.dueUs) place--;
		sleepers.splice(place, 0, sleeper);
		this.#arm();
	}

	#arm(): void {
		const dueUs = this.#sleepers[0]?.dueUs;
		if (dueUs === undefined || dueUs >= this.#armedUs) return;
		this.#armedUs = dueUs;
		Atomics.store(this.#cell, 0, BigInt(Math.round((dueUs - LEAD_US) * 1_000)));
		Atomics.notify(this.#cell, 0);
	}

	#rang(): void {
		this.#armedUs = Number.POSITIVE_INFINITY;
		const untilUs = nowUs() + SLACK_US;
		const later = this.#sleepers.findIndex(({ dueUs }) => dueUs > untilUs);
		const due = this.#sleepers.splice(0, later < 0 ? this.#sleepers.length : later);
		this.#arm();
		for (const sleeper of due) sleeper.ring?.();
	}
}

let theAlarm: Alarm | undefined;

/** One for the process: its thread waits for all who sleep. */
export function sharedAlarm(): Alarm {
	theAlarm ??= new Alarm();
	return theAlarm;
}
