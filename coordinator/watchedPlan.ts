import { errorsOf, settledOf } from "../proto/counters.js";
import { AgentStatus, PlanStatus } from "../proto/gen/telemetry.js";
import { Distribution } from "../proto/histogram.js";
import { MAX_AGENTS } from "../proto/limits.js";
import type { TelemetrySource } from "../proto/telemetrySubjects.js";
import { PROGRESS_PHASES, type ProgressPhase, type ProgressView } from "./report/progress.js";
import { liveTimes, secondsLeft } from "./runProgress.js";

/** Of an agent that was not heard for so long nobody knows what it does now. */
const FRESH_MS = 3_500;
/** Hundreds of agents' histograms are not merged with each drawing. */
const PERCENTILES_MS = 1_000;
const SPARK_POINTS = 40;
const NAME_CHARACTERS = 100;

/** The plan's latest word, as it may be shown. */
interface Place {
	readonly status: PlanStatus;
	readonly name: string;
	readonly phase: ProgressPhase;
	readonly heardAtMs: number;
}

interface WatchedAgent {
	readonly status: AgentStatus;
	readonly responseTime: Distribution | undefined;
	/** Of the tasks settled between its last two statuses; 0 where there is one. */
	readonly tasksPerSecond: number;
	readonly heardAtMs: number;
}

/**
 * What an onlooker has been told of one plan's execution. Anybody may have said it, and not all of it arrives: what makes no
 * sense is counted and left out, and a newer status replaces the older.
 */
export class WatchedPlan {
	#place: Place | undefined;
	#ordinal = -1;
	#agents = new Map<number, WatchedAgent>();
	#rates: number[] = [];
	#percentiles: { readonly atMs: number; readonly times: ProgressView["responseTime"] } | undefined;
	#lost = 0;
	#unreadable = 0;

	/**
	 * Takes a message of this plan's.
	 *
	 * @param nowMs on performance.now()
	 */
	take(source: TelemetrySource, payload: Uint8Array, nowMs: number): void {
		try {
			if (source.kind === "plan") this.#takePlan(readPlanStatus(payload), nowMs);
			else this.#takeAgent(source.ordinal, source.agent, AgentStatus.decode(payload), nowMs);
		} catch {
			this.#unreadable++;
		}
	}

	/** Statuses that a later one showed to be missing. */
	get lost(): number {
		return this.#lost;
	}

	/** Messages that made no sense. */
	get unreadable(): number {
		return this.#unreadable;
	}

	/** When the coordinator was last heard; undefined: never. */
	get heardAtMs(): number | undefined {
		return this.#place?.heardAtMs;
	}

	/** The coordinator's, once the plan is over. */
	get exitCode(): number | undefined {
		return this.#place?.status.end?.exitCode;
	}

	/** Of the run that goes on, from 0. */
	get ordinal(): number {
		return this.#ordinal;
	}

	/** Agents of the run that were heard. */
	get agentsHeard(): number {
		return this.#agents.size;
	}

	/** Every agent that is there was heard, or none has begun: before that the sums are of a part. */
	get complete(): boolean {
		if (!this.#place) return false;
		const { phase, status } = this.#place;
		return phase === "waiting for agents" || phase === "preparing" || this.#agents.size >= status.agentsAlive;
	}

	/** Undefined before the coordinator was heard. */
	progress(nowMs: number): ProgressView | undefined {
		if (!this.#place) return undefined;
		const { status, name, phase, heardAtMs } = this.#place;
		const agents = [...this.#agents.values()];
		const fresh = agents.filter((agent) => nowMs - agent.heardAtMs < FRESH_MS);
		const done = sum(agents, ({ status: { totals } }) => (totals ? settledOf(totals) : 0));
		const tasksPerSecond = sum(fresh, (agent) => agent.tasksPerSecond);
		const ended = status.end !== undefined;
		const place = {
			total: status.tasks > 0 ? status.tasks : undefined,
			durationMs: status.tasks > 0 ? undefined : status.durationMs,
			elapsedMs: status.elapsedMs + (ended ? 0 : Math.min(nowMs - heardAtMs, FRESH_MS)),
		};
		return {
			...place,
			name,
			phase,
			runIndex: status.ordinal,
			runCount: status.runCount,
			done,
			tasksPerSecond,
			responseTime: this.#responseTime(ended ? Number.POSITIVE_INFINITY : nowMs),
			agentsAlive: status.agentsAlive,
			agentsTotal: status.agentsTotal,
			inFlight: sum(fresh, (agent) => agent.status.inFlight),
			backlog: fresh.find((agent) => agent.status.backlog >= 0)?.status.backlog,
			errors: sum(agents, ({ status: { totals } }) => (totals ? errorsOf(totals) : 0)),
			secondsLeft: secondsLeft(place, done, tasksPerSecond),
			recentRates: this.#rates,
		};
	}

	#takePlan(place: Omit<Place, "heardAtMs">, nowMs: number): void {
		const { status } = place;
		const before = this.#place?.status.sequence;
		if (before !== undefined && status.sequence <= before) return;
		if (before !== undefined) this.#lost += status.sequence - before - 1;
		this.#place = { ...place, heardAtMs: nowMs };
		this.#turnTo(status.ordinal);
		const fresh = [...this.#agents.values()].filter((agent) => nowMs - agent.heardAtMs < FRESH_MS);
		if (fresh.length === 0) return;
		this.#rates.push(sum(fresh, (agent) => agent.tasksPerSecond));
		if (this.#rates.length > SPARK_POINTS) this.#rates.shift();
	}

	#takeAgent(ordinal: number, agent: number, status: AgentStatus, nowMs: number): void {
		if (agent >= MAX_AGENTS) throw new Error("no fleet has so many agents");
		if (!Number.isFinite(status.monotonicNowUs)) throw new Error("a time that is none");
		if (this.#place && ordinal >= this.#place.status.runCount) throw new Error("no run of this plan");
		this.#turnTo(ordinal);
		const before = this.#agents.get(agent);
		if (ordinal < this.#ordinal || (before && status.sequence <= before.status.sequence)) return;
		const responseTime = status.responseTime && Distribution.decode(status.responseTime);
		if (before) this.#lost += status.sequence - before.status.sequence - 1;
		const tasksPerSecond = before ? rateBetween(before.status, status) : 0;
		this.#agents.set(agent, { status, responseTime, tasksPerSecond, heardAtMs: nowMs });
	}

	/** Forgets the agents of an earlier run. */
	#turnTo(ordinal: number): void {
		if (ordinal <= this.#ordinal) return;
		this.#ordinal = ordinal;
		this.#agents = new Map();
		this.#rates = [];
		this.#percentiles = undefined;
	}

	#responseTime(nowMs: number): ProgressView["responseTime"] {
		if (this.#percentiles && nowMs - this.#percentiles.atMs < PERCENTILES_MS) return this.#percentiles.times;
		const whole = Distribution.empty("us");
		for (const { responseTime } of this.#agents.values()) if (responseTime) whole.add(responseTime);
		const times = liveTimes(whole);
		this.#percentiles = { atMs: nowMs, times };
		return times;
	}
}

/** @throws Error when no coordinator in order sends this */
function readPlanStatus(payload: Uint8Array): Omit<Place, "heardAtMs"> {
	const status = PlanStatus.decode(payload);
	const phase = PROGRESS_PHASES.find((known) => known === status.phase);
	if (phase === undefined) throw new Error("an unknown phase");
	const { elapsedMs, durationMs, ordinal, runCount, agentsAlive, agentsTotal } = status;
	if (![elapsedMs, durationMs].every((ms) => Number.isFinite(ms) && ms >= 0)) throw new Error("a time that is none");
	if (ordinal >= runCount || agentsAlive > agentsTotal || agentsTotal > MAX_AGENTS)
		throw new Error("counts that do not fit");
	// It goes to a terminal, whose cursor it must not move.
	const name = status.name.replaceAll(/\p{C}/gu, "�").slice(0, NAME_CHARACTERS);
	return { status, phase, name };
}

/** Tasks a second, by the agent's own clock. */
function rateBetween(before: AgentStatus, after: AgentStatus): number {
	const seconds = (after.monotonicNowUs - before.monotonicNowUs) / 1e6;
	if (!before.totals || !after.totals || seconds <= 0) return 0;
	return Math.max(0, settledOf(after.totals) - settledOf(before.totals)) / seconds;
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
	return items.reduce((total, item) => total + of(item), 0);
}
