import { sumCounters } from "../../proto/counters.js";
import {
	type ClockQuality,
	Counters,
	type Measurements,
	type Outage,
	type RedisSample,
	type Resources,
	type Slot,
	Stage,
} from "../../proto/gen/measurement.js";
import type { MemorySample } from "../../proto/gen/record.js";
import { Distribution } from "../../proto/histogram.js";
import { LedgerPages } from "../../proto/ledger.js";
import { encodeSecond, type SecondOfResponses } from "../../proto/responseSecond.js";
import { MeasurementsError, NOTHING_HAPPENED, readMeasurements, UNKNOWN_RESOURCES } from "./check.js";
import { addCounts, addResponses, addSlots, addStages, joinSpans } from "./sums.js";

/** Nearly three hours of deltas. A stream loses none, so that more are not a gap but nonsense. */
const MAX_MISSING = 10_000;

/** The sum of one agent's deltas: what stands in for its result when the agent is lost. */
export class DeltaAccumulator {
	readonly #stages = new Map<Stage, Distribution>();
	readonly #series = new Map<number, Slot>();
	readonly #responses = new Map<number, SecondOfResponses>();
	#ledger = new LedgerPages();
	readonly #producers = new Map<number, number>();
	readonly #errors = new Map<string, number>();
	readonly #redis: RedisSample[] = [];
	readonly #missing = new Set<number>();
	readonly #memory: MemorySample[] = [];
	#counters = Counters.create();
	#span = NOTHING_HAPPENED;
	#resources = UNKNOWN_RESOURCES;
	#clock: ClockQuality | undefined;
	#outages: readonly Outage[] = [];
	#latest = 0;

	/**
	 * Adds a delta, unless the one of this number was added before.
	 *
	 * @param sequence from 1
	 * @returns whether it was added
	 * @throws MeasurementsError when no agent in order sends this; nothing was added then
	 */
	apply(sequence: number, delta: Measurements): boolean {
		if (sequence <= this.#latest && !this.#missing.has(sequence)) return false;
		if (sequence - this.#latest > MAX_MISSING) {
			throw new MeasurementsError(`delta ${sequence} after delta ${this.#latest}`);
		}
		const checked = readMeasurements(delta);
		this.#count(sequence);
		this.#counters = sumCounters([this.#counters, checked.counters]);
		addStages(this.#stages, checked.stages);
		addSlots(this.#series, checked.series);
		addResponses(this.#responses, checked.responseSeries);
		addCounts(this.#errors, checked.errors);
		this.#ledger.or(checked.ledger);
		for (const { producer, issued } of checked.producers) {
			this.#producers.set(producer, Math.max(issued, this.#producers.get(producer) ?? 0));
		}
		this.#span = joinSpans(this.#span, checked.span);
		if (sequence === this.#latest) {
			this.#resources = checked.resources;
			this.#outages = checked.outages;
			this.#clock = checked.clock;
		}
		this.#redis.push(...checked.redis);
		const { wallUs, rssEndBytes } = checked.resources;
		if (wallUs > 0) this.#memory.push({ atUs: wallUs, rssBytes: rssEndBytes });
		return true;
	}

	/** How many deltas are known to be missing: a later one came. */
	get missing(): number {
		return this.#missing.size;
	}

	/** The sum of all deltas, as an agent would have sent it. */
	measurements(): Measurements {
		return {
			counters: { ...this.#counters },
			stages: [...this.#stages].filter(([, { count }]) => count > 0).map(([stage, sum]) => sum.encode(stage)),
			series: [...this.#series.values()].sort((a, b) => a.index - b.index).map((slot) => ({ ...slot })),
			ledger: this.#ledger.allPages(),
			producers: [...this.#producers].map(([producer, issued]) => ({ producer, issued })),
			errors: new Map(this.#errors),
			span: { ...this.#span },
			resources: { ...this.#resources },
			redis: [...this.#redis],
			outages: [...this.#outages],
			responseSeries: [...this.#responses.values()].sort((a, b) => a.index - b.index).map(encodeSecond),
			clock: this.#clock,
		};
	}

	/** Lets go of all but what the live view and the report ask for once the agent's whole result is there. */
	release(): void {
		for (const stage of this.#stages.keys()) if (stage !== Stage.RESPONSE_TIME) this.#stages.delete(stage);
		this.#series.clear();
		this.#responses.clear();
		this.#ledger = new LedgerPages();
	}

	/** For the live view: what there is so far, which goes on changing. */
	live(): { readonly responseTime: Distribution } {
		return { responseTime: this.stage(Stage.RESPONSE_TIME) ?? Distribution.empty("us") };
	}

	/** So far; undefined before its first value. It goes on changing. */
	stage(stage: Stage): Distribution | undefined {
		return this.#stages.get(stage);
	}

	/** Since the epoch, by the latest delta. */
	get resources(): Resources | undefined {
		return this.#latest > 0 ? this.#resources : undefined;
	}

	/** The agent's resident memory, a sample a delta. */
	get memory(): readonly MemorySample[] {
		return this.#memory;
	}

	#count(sequence: number): void {
		this.#missing.delete(sequence);
		for (let skipped = this.#latest + 1; skipped < sequence; skipped++) this.#missing.add(skipped);
		this.#latest = Math.max(this.#latest, sequence);
	}
}
