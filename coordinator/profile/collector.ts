import { ChunkAssembler } from "../../proto/chunks.js";
import { type ProfileChunk, ProfileKind, type ProfileRequest } from "../../proto/gen/cluster.js";
import { type AgentRecord, ProfileDigest, type RunRecord } from "../../proto/gen/record.js";
import { MAX_PROFILE_BYTES } from "../../proto/limits.js";
import type { Plan } from "../plan/plan.js";
import { analysisText } from "./analysisText.js";
import { categoryShares } from "./categories.js";
import { flameSvg } from "./flame.js";
import { ProfileMerger } from "./merge.js";
import { readPprof, writePprof } from "./pprof.js";
import { type StackProfile, totalOf } from "./stackProfile.js";
import { stageLabel } from "./stage.js";
import { describeFrame, functionFigures, topFunctions } from "./top.js";

type ProfileName = "cpu" | "mem";
const NAMES_IN_ORDER: readonly ProfileName[] = ["cpu", "mem"];
const TOP_FUNCTIONS = 5;
const MOST_FAILURE_CHARACTERS = 500;

const NAMES: ReadonlyMap<ProfileKind, ProfileName> = new Map([
	[ProfileKind.CPU, "cpu"],
	[ProfileKind.HEAP, "mem"],
]);

/** Between two samples of an agent's main thread. docs/profiles.md has what it costs. */
const CPU_INTERVAL_US = 5_000;
/** Allocated between two samples, on average. */
const HEAP_INTERVAL_BYTES = 512 * 1024;

/** A kind of profile that was asked for, when all is in. */
export interface FinishedProfile {
	/** What it says in short, for the record. */
	readonly digest: ProfileDigest;
	/** Undefined where no agent had any. */
	readonly files: { readonly pprof: Uint8Array; readonly analysis: string; readonly flame: string } | undefined;
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

	constructor(private readonly plan: Plan) {
		const names = NAMES_IN_ORDER.filter((name) => fileOf(plan, name) !== undefined);
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
	 * @param runs those that took place: an agent of theirs that handed nothing in is named
	 */
	finish(runs: readonly RunRecord[]): FinishedProfile[] {
		const tasks = runs.flatMap(({ agents }) => agents).reduce((sum, agent) => sum + completed(agent), 0);
		const beganUnixMs = Math.min(...runs.map(({ epochUnixMs }) => epochUnixMs));
		return [...this.#kinds].map(([name, { merger, agents, failures }]) => {
			for (const { ordinal, agents: all } of runs) {
				for (const { index, loss } of all) {
					const place = `${ordinal}:${index}`;
					const why = loss ? "it was lost before it handed one in" : "it handed none in";
					if (!agents.has(place) && !failures.has(place)) failures.set(place, why);
				}
			}
			const merged = merger.merged(tasks > 0 ? [`tasks=${tasks}`] : []);
			const digest = digestOf(name, fileOf(this.plan, name) ?? "", merged);
			digest.agents = agents.size;
			digest.failures = [...failures].map(([place, why]) => this.#sentence(place, why));
			return { digest, files: merged && this.#files(name, merged, BigInt(Math.round(beganUnixMs * 1_000)) * 1_000n) };
		});
	}

	#files(name: ProfileName, merged: StackProfile, timeNs: bigint): FinishedProfile["files"] {
		const title = `${name === "cpu" ? "CPU time" : "Memory allocated"}: ${this.plan.name}`;
		return {
			pprof: writePprof(merged, timeNs),
			analysis: analysisText(title, merged, merged.defaultValue),
			flame: flameSvg(title, merged, merged.defaultValue),
		};
	}

	#labels(ordinal: number, agent: number): ReadonlyMap<string, string> {
		const run: [string, string][] =
			this.plan.runs.length > 1 ? [["run", this.plan.runs[ordinal]?.name ?? String(ordinal)]] : [];
		return new Map([["agent", String(agent)], ...run]);
	}

	#sentence(place: string, why: string): string {
		const [ordinal, agent] = place.split(":");
		const run = this.plan.runs.length > 1 ? `${this.plan.runs[Number(ordinal)]?.name}: ` : "";
		return `${run}agent ${agent}: ${why}`;
	}
}

function fileOf({ cpuprofile, memprofile }: Plan, name: ProfileName): string | undefined {
	return name === "cpu" ? cpuprofile : memprofile;
}

function completed({ measurements }: AgentRecord): number {
	return measurements?.counters?.completed ?? 0;
}

function digestOf(kind: ProfileName, file: string, merged: StackProfile | undefined): ProfileDigest {
	if (!merged) return ProfileDigest.create({ kind, file });
	const value = merged.defaultValue;
	const top = topFunctions(functionFigures(merged, value), "flat", TOP_FUNCTIONS);
	return ProfileDigest.create({
		kind,
		file,
		unit: merged.valueTypes[value]?.unit ?? "",
		total: totalOf(merged, value),
		categories: categoryShares(merged, value).map((share) => ({ name: share.category, value: share.value })),
		top: top.map(({ frame, flat }) => {
			const { name, place } = describeFrame(frame);
			return { name: place === "" ? name : `${name} ${place}`, value: flat };
		}),
	});
}
