import type { AgentMessage } from "../proto/gen/cluster.js";
import type { RunEvent } from "../proto/gen/record.js";
import type { Member } from "./fleet/fleet.js";

/** Some ten events an agent, for the largest fleet, and as much again. */
const MAX_EVENTS = 10_000;

const HEARD: Partial<Record<NonNullable<AgentMessage["body"]>["$case"], string>> = {
	ready: "ready",
	armed: "armed",
	concluded: "counted and removed what was left",
	failure: "cannot go on",
};

interface Event {
	readonly atMs: number;
	readonly agent: number;
	readonly host: string;
	readonly what: string;
}

/** What the coordinator sees happen in a run, and when: it goes into the record, for `coordinator report --timeline`. */
export class Chronicle {
	readonly #events: Event[] = [];
	/** What each agent has said: once is enough. */
	readonly #heard = new Set<string>();
	#phase = "";

	/**
	 * @param ordinal the run's; what is said of another one is no event of it
	 * @param nowMs reads the monotonic clock that the run's epoch is on
	 */
	constructor(
		private readonly ordinal: number,
		private readonly nowMs: () => number = () => performance.now(),
	) {}

	/** @param member undefined: it concerns the whole run */
	note(what: string, member?: Pick<Member, "index" | "hello">, atMs = this.nowMs()): void {
		if (this.#events.length >= MAX_EVENTS) return;
		this.#events.push({ atMs, agent: member?.index ?? -1, host: member?.hello.host?.hostname ?? "", what });
	}

	joined(member: Member): void {
		if (this.#isNews(`${member.hello.agentId} joined`)) this.note("joined", member, member.joinedAtMs);
	}

	/** The load's phase as it is now; noted when it is another one. */
	phase(phase: string): void {
		if (phase === this.#phase) return;
		this.#phase = phase;
		this.note(phase);
	}

	/** @param completesResult its result is whole with this message */
	heard(member: Member, { body }: AgentMessage, completesResult: boolean): void {
		if (!body || body.$case === "hello" || body.value.ordinal !== this.ordinal) return;
		if (completesResult) this.note("handed in its result", member);
		const what = HEARD[body.$case];
		if (what !== undefined && this.#isNews(`${member.hello.agentId} ${body.$case}`)) this.note(what, member);
	}

	#isNews(what: string): boolean {
		const isNews = !this.#heard.has(what);
		this.#heard.add(what);
		return isNews;
	}

	/** All of it in the order of its times. @param epochMs the run's, on the same clock */
	since(epochMs: number): RunEvent[] {
		return this.#events
			.toSorted((a, b) => a.atMs - b.atMs)
			.map(({ atMs, ...event }) => ({ ...event, atUs: (atMs - epochMs) * 1_000 }));
	}
}
