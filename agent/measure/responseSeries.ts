import type { ResponseSecond } from "../../proto/gen/measurement.js";
import { COARSE, HIGHEST } from "../../proto/histogramBuckets.js";
import {
	addSeconds,
	coarseBucket,
	decodeSecond,
	encodeSecond,
	NO_BUCKETS,
	SECONDS_MAX,
	type SecondOfResponses,
} from "../../proto/responseSecond.js";

const BUCKETS = COARSE.indexOf(HIGHEST.us) + 1;
/** Seconds that are counted into at a time, at 13 KB each. Where more come in turns, that costs time instead. */
const OPEN_MAX = 64;

/** A second that is counted into. */
interface OpenSecond {
	readonly index: number;
	count: number;
	intended: number;
	ended: number;
	maxUs: number;
	readonly counts: Uint32Array;
}

/**
 * The tasks intended in each second of a run and how long they took, since the epoch and since it was last taken. A second
 * goes on being told of for as long as its tasks complete:
 *
 *   open ─ others are counted into, or taken ─▶ packed, since it was last taken ─ taken ─▶ packed, in all
 *
 * A packed second takes its histogram's bytes, about one for each value that is unlike the others of its second, up to 1 KB
 * or so: 2 MB for an hour. Times are µs since the epoch.
 */
export class ResponseSeries {
	readonly #open = new Map<number, OpenSecond>();
	#recent = new Map<number, ResponseSecond>();
	readonly #all = new Map<number, ResponseSecond>();
	/** Most tasks are of the second of the task before. */
	#last: OpenSecond | undefined;
	readonly #free: Uint32Array[] = [];

	/** A task is begun, or never will be. */
	begun(intendedAtUs: number): void {
		this.#at(intendedAtUs).intended++;
	}

	/** It was completed. */
	completed(intendedAtUs: number, responseUs: number): void {
		const second = this.#at(intendedAtUs);
		second.count++;
		if (responseUs > second.maxUs) second.maxUs = responseUs;
		const bucket = coarseBucket(responseUs);
		second.counts[bucket] = (second.counts[bucket] as number) + 1;
	}

	/** It came to another end. */
	ended(intendedAtUs: number): void {
		this.#at(intendedAtUs).ended++;
	}

	/** What was told since the last call. */
	take(): ResponseSecond[] {
		for (const second of [...this.#open.values()]) this.#close(second);
		const taken = [...this.#recent.values()];
		this.#recent = new Map();
		for (const second of taken) this.#all.set(second.index, sum(this.#all.get(second.index), second));
		return taken;
	}

	/** Everything, in order. */
	all(): ResponseSecond[] {
		const all = new Map(this.#all);
		for (const second of [...this.#open.values()]) this.#close(second);
		for (const second of this.#recent.values()) all.set(second.index, sum(all.get(second.index), second));
		return [...all.values()].sort((a, b) => a.index - b.index);
	}

	#at(intendedAtUs: number): OpenSecond {
		const index = Math.min(Math.max(0, Math.floor(intendedAtUs / 1e6)), SECONDS_MAX - 1);
		if (this.#last?.index === index) return this.#last;
		let second = this.#open.get(index);
		if (!second) {
			const [oldest] = this.#open.values();
			if (oldest && this.#open.size === OPEN_MAX) this.#close(oldest);
			const counts = this.#free.pop() ?? new Uint32Array(BUCKETS);
			second = { index, count: 0, intended: 0, ended: 0, maxUs: 0, counts };
			this.#open.set(index, second);
		}
		this.#last = second;
		return second;
	}

	#close({ counts, ...second }: OpenSecond): void {
		this.#open.delete(second.index);
		if (this.#last?.index === second.index) this.#last = undefined;
		const packed = pack({ ...second, buckets: second.count === 0 ? NO_BUCKETS : bucketsOf(counts) });
		this.#recent.set(second.index, sum(this.#recent.get(second.index), packed));
		counts.fill(0);
		this.#free.push(counts);
	}
}

function bucketsOf(counts: Uint32Array): SecondOfResponses["buckets"] {
	const indexes: number[] = [];
	for (let index = 0; index < counts.length; index++) if (counts[index] !== 0) indexes.push(index);
	return { indexes, counts: indexes.map((index) => counts[index] as number) };
}

function sum(a: ResponseSecond | undefined, b: ResponseSecond): ResponseSecond {
	return a ? pack(addSeconds(decodeSecond(a), decodeSecond(b))) : b;
}

function pack(second: SecondOfResponses): ResponseSecond {
	const encoded = encodeSecond(second);
	// Memory of its own: Node's small buffers are slices of larger ones, which would be kept for them.
	const histogram = Buffer.alloc(encoded.histogram.length);
	encoded.histogram.copy(histogram);
	return { ...encoded, histogram };
}
