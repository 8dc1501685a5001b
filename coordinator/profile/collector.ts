import { ChunkAssembler } from "../../proto/chunks.js";
import { type ProfileChunk, ProfileKind, type ProfileRequest } from "../../proto/gen/cluster.js";
import { MAX_PROFILE_BYTES } from "../../proto/limits.js";
import { ProfileMerger } from "./merge.js";
import { readPprof } from "./pprof.js";
import type { StackProfile } from "./stackProfile.js";
import { stageLabel } from "./stage.js";

export type ProfileName = "cpu" | "mem";

const NAMES: ReadonlyMap<ProfileKind, ProfileName> = new Map([
	[ProfileKind.CPU, "cpu"],
	[ProfileKind.HEAP, "mem"],
]);

/** Between two samples of an agent's main thread. docs/profiles.md has what it costs. */
const CPU_INTERVAL_US = 5_000;
/** Allocated between two samples, on average. */
const HEAP_INTERVAL_BYTES = 128 * 1024;

/** What came in of one kind. */
export interface CollectedProfile {
	readonly name: ProfileName;
	/** Undefined where no agent had any. */
	readonly merged: StackProfile | undefined;
	/** Agents that handed one in, counted once for each run. */
	readonly agents: number;
	/** Sentences: who has none, and why. */
	readonly failures: readonly string[];
}

interface OneKind {
	readonly merger: ProfileMerger;
	/** `ordinal:agent` */
	readonly agents: Set<string>;
	readonly failures: Map<string, string>;
}

/**
 * Takes the agents' profiles in and adds each to the sum as it comes, so that only one is held at a time beside it. Samples are
 * labelled with agent, stage and, of several runs, the run.
 */
export class ProfileCollector {
	readonly #kinds: ReadonlyMap<ProfileName, OneKind>;
	readonly #assemblers = new Map<string, ChunkAssembler>();

	/** @param runNames of the plan's runs, by ordinal */
	constructor(
		names: readonly ProfileName[],
		private readonly runNames: readonly string[],
	) {
		this.#kinds = new Map(
			names.map((name) => [name, { merger: new ProfileMerger(stageLabel), agents: new Set(), failures: new Map() }]),
		);
	}

	/** What to ask of the agents; undefined: nothing. */
	get request(): ProfileRequest | undefined {
		if (this.#kinds.size === 0) return undefined;
		return {
			cpuIntervalUs: this.#kinds.has("cpu") ? CPU_INTERVAL_US : 0,
			heapIntervalBytes: this.#kinds.has("mem") ? HEAP_INTERVAL_BYTES : 0,
		};
	}

	/**
	 * A profile that cannot be read is a failure of that agent to profile, not the end of its run.
	 *
	 * @throws ChunkError when the chunk does not go with those before it
	 */
	take(ordinal: number, agent: number, chunk: ProfileChunk): void {
		const kind = this.#kinds.get(NAMES.get(chunk.kind) ?? "cpu");
		if (!kind || !NAMES.has(chunk.kind)) return;
		const place = `${ordinal}:${agent}`;
		if (chunk.failure !== "") {
			kind.failures.set(place, chunk.failure.slice(0, MOST_FAILURE_CHARACTERS));
			return;
		}
		const key = `${place}:${chunk.kind}`;
		const assembler = this.#assemblers.get(key) ?? new ChunkAssembler("profile", MAX_PROFILE_BYTES);
		this.#assemblers.set(key, assembler);
		const whole = assembler.take(chunk);
		if (!whole) return;
		this.#assemblers.delete(key);
		try {
			kind.merger.add(readPprof(whole), this.#labels(ordinal, agent));
			kind.agents.add(place);
		} catch (error) {
			kind.failures.set(place, `what it handed in cannot be read: ${(error as Error).message}`);
		}
	}

	/**
	 * @param participants of each run that took place: its agents' number
	 * @param tasks that were completed, for figures by task
	 */
	collected(participants: ReadonlyMap<number, number>, tasks: number): CollectedProfile[] {
		return [...this.#kinds].map(([name, { merger, agents, failures }]) => {
			for (const [ordinal, count] of participants) {
				for (let agent = 0; agent < count; agent++) {
					const place = `${ordinal}:${agent}`;
					if (!agents.has(place) && !failures.has(place)) failures.set(place, "it handed none in");
				}
			}
			const merged = merger.merged(tasks > 0 ? [`tasks=${tasks}`] : []);
			return {
				name,
				merged,
				agents: agents.size,
				failures: [...failures].map(([place, why]) => this.#sentence(place, why)),
			};
		});
	}

	#labels(ordinal: number, agent: number): ReadonlyMap<string, string> {
		const run: [string, string][] =
			this.runNames.length > 1 ? [["run", this.runNames[ordinal] ?? String(ordinal)]] : [];
		return new Map([["agent", String(agent)], ...run]);
	}

	#sentence(place: string, why: string): string {
		const [ordinal, agent] = place.split(":");
		const run = this.runNames.length > 1 ? `${this.runNames[Number(ordinal)]}: ` : "";
		return `${run}agent ${agent}: ${why}`;
	}
}

const MOST_FAILURE_CHARACTERS = 500;
