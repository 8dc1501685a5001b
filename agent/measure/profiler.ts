import { chunksOf } from "../../proto/chunks.js";
import { type ProfileChunk, ProfileKind, type ProfileRequest } from "../../proto/gen/cluster.js";
import { MAX_PROFILE_BYTES } from "../../proto/limits.js";
import { nowUs } from "./clock.js";

/** A long run is profiled in parts, so that memory stays bounded; to end one and begin the next takes milliseconds. */
const PART_MS = 30_000;
/** Sampling begins this long before the window, so that the run does not wait for it. */
const LEAD_US = 50_000;

/** A part of a profile, gzipped pprof, or why there is none. */
export interface ProfilePart {
	readonly kind: ProfileKind;
	readonly result: { readonly bytes: Buffer } | { readonly failure: string };
}

/** The measured window on `nowUs`; `toUs` undefined: until `finish`. */
export interface ProfileWindow {
	readonly fromUs: number;
	readonly toUs: number | undefined;
}

/** What takes one kind of profile. Between `start` and `stop` it samples. */
export interface Sampling {
	start(): void;
	/** The part since the start or the last call, in gzipped pprof; goes on sampling where `restart`. */
	take(restart: boolean, window: ProfileWindow): Promise<Buffer>;
	/** Forgets what was sampled. May be called twice. */
	stop(): void;
}

/**
 * Takes the profiles that a run asked for, of its measured window:
 *
 *   opened ─ begin ─▶ waiting ─ window ─▶ sampling ─ each 30 s: a part ─▶ … ─ finish, or the window's end ─▶ done
 *
 * Nothing here fails a run: what goes wrong with a kind of profile is told as a part with a failure, once.
 */
export class Profiler {
	#timers: NodeJS.Timeout[] = [];
	#window: ProfileWindow = { fromUs: 0, toUs: undefined };
	readonly #takers: Taker[];

	/** Told of each part. */
	onPart: (part: ProfilePart) => void = () => {};

	private constructor(takers: readonly [ProfileKind, Sampling | Error][]) {
		this.#takers = takers.map(([kind, sampling]) => new Taker(kind, sampling, (part) => this.onPart(part)));
	}

	/** Loads what the request needs, and only then. Never throws. */
	static async open(request: ProfileRequest): Promise<Profiler> {
		const { cpuIntervalUs, heapIntervalBytes } = request;
		const takers: [ProfileKind, Sampling | Error][] = [];
		// In this order, so that what the one allocates for its part is not in the other's.
		if (heapIntervalBytes > 0) {
			const load = async () => (await import("./profilerHeap.js")).openHeapSampling(heapIntervalBytes);
			takers.push([ProfileKind.HEAP, await load().catch((error: Error) => error)]);
		}
		if (cpuIntervalUs > 0) {
			const load = async () => (await import("./profilerCpu.js")).openCpuSampling(cpuIntervalUs);
			takers.push([ProfileKind.CPU, await load().catch((error: Error) => error)]);
		}
		return new Profiler(takers);
	}

	/** Samples from the window's begin on. */
	begin(window: ProfileWindow): void {
		this.#window = window;
		const start = () => {
			for (const taker of this.#takers) taker.start();
			this.#timers.push(setInterval(() => this.#part(), PART_MS));
		};
		const waitMs = (window.fromUs - LEAD_US - nowUs()) / 1_000;
		if (waitMs > 0) this.#timers.push(setTimeout(start, waitMs));
		else start();
		if (window.toUs === undefined) return;
		const end = () => void this.finish(undefined);
		this.#timers.push(setTimeout(end, Math.max(0, window.toUs - nowUs()) / 1_000));
	}

	#part(): void {
		for (const taker of this.#takers) void taker.take(true, this.#window);
	}

	/**
	 * Ends sampling. May be called twice. Settles when every part was told.
	 *
	 * @param lastUs where the window has no end: when the last thing happened that is to be in the profile
	 */
	async finish(lastUs: number | undefined): Promise<void> {
		this.#clear();
		const window = { ...this.#window, toUs: this.#window.toUs ?? lastUs };
		await Promise.all(this.#takers.map((taker) => taker.take(false, window)));
	}

	/** Ends sampling and tells nothing more. May be called twice. */
	close(): void {
		this.#clear();
		for (const taker of this.#takers) taker.stop();
	}

	#clear(): void {
		for (const timer of this.#timers) clearInterval(timer);
		this.#timers = [];
	}
}

/** One kind of profile: off ─ start ─▶ on ─ take(false) ─▶ done; a failure or `stop` ends every state. */
class Taker {
	#state: "off" | "on" | "done" = "off";
	#telling: Promise<void> = Promise.resolve();

	constructor(
		private readonly kind: ProfileKind,
		private readonly sampling: Sampling | Error,
		private readonly onPart: (part: ProfilePart) => void,
	) {}

	start(): void {
		if (this.#state !== "off") return;
		this.#state = "on";
		try {
			if (this.sampling instanceof Error) throw this.sampling;
			this.sampling.start();
		} catch (error) {
			this.#fail(error as Error);
		}
	}

	/** Settles when this part and those before it were told. */
	take(restart: boolean, window: ProfileWindow): Promise<void> {
		// Never started: the run ended before its window began.
		if (this.#state === "off" && !restart) this.#fail(new Error("the run ended before its measured window began"));
		if (this.#state === "on" && !(this.sampling instanceof Error)) {
			const { sampling } = this;
			const before = this.#telling;
			this.#telling = Promise.all([sampling.take(restart, window), before]).then(
				([bytes]) => this.#tell(bytes),
				(error: Error) => this.#fail(error),
			);
			if (!restart) this.#state = "done";
		}
		return this.#telling;
	}

	stop(): void {
		this.#state = "done";
		if (this.sampling instanceof Error) return;
		this.sampling.stop();
	}

	#tell(bytes: Buffer): void {
		if (bytes.length <= MAX_PROFILE_BYTES) this.onPart({ kind: this.kind, result: { bytes } });
		else this.#fail(new Error(`it came to ${bytes.length} bytes, more than ${MAX_PROFILE_BYTES} are not taken`));
	}

	#fail(error: Error): void {
		this.stop();
		this.onPart({ kind: this.kind, result: { failure: error.message } });
	}
}

/** A part as it is sent. */
export function* chunkProfile(ordinal: number, { kind, result }: ProfilePart): Generator<ProfileChunk> {
	if ("failure" in result) {
		yield {
			ordinal,
			kind,
			sequence: 0,
			count: 1,
			data: Buffer.alloc(0),
			sha256: Buffer.alloc(0),
			failure: result.failure,
		};
	} else {
		for (const chunk of chunksOf(result.bytes)) yield { ordinal, kind, ...chunk, failure: "" };
	}
}
