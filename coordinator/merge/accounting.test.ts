import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { drawer } from "../../proto/draw.js";
import { Census, Counters, Outcome } from "../../proto/gen/measurement.js";
import { TaskShape } from "../../proto/gen/slice.js";
import { LedgerPages } from "../../proto/ledger.js";
import { makeTaskId } from "../../proto/taskid.js";
import { type AccountedRun, type AgentLedger, accountFor, NAMED_TASKS } from "./accounting.js";
import type { Accounting, TaskName } from "./merged.js";

const RUN = 0xfeed5eed;

/** An agent that keeps its books as a recorder does, from what is said to have happened. */
class Agent {
	readonly counters = Counters.create();
	readonly pages = new LedgerPages();
	readonly issued = new Map<number, number>();
	index = 0;
	lost = false;
	workers = 1;

	/** Begins and acknowledges `tasks` more tasks of a producer. */
	enqueue(producer: number, tasks: number): this {
		this.counters.sent += tasks;
		this.counters.enqueued += tasks;
		this.issued.set(producer, (this.issued.get(producer) ?? 0) + tasks);
		return this;
	}

	/** Begins one more task, and hears this about it. */
	refuse(producer: number, outcome: Outcome.REJECTED | Outcome.UNKNOWN): this {
		const sequence = this.issued.get(producer) ?? 0;
		this.issued.set(producer, sequence + 1);
		this.counters.sent++;
		this.counters[outcome === Outcome.REJECTED ? "rejected" : "unknown"]++;
		this.pages.set(producer, outcome, sequence);
		return this;
	}

	settle(
		producer: number,
		sequence: number,
		outcome: Outcome.COMPLETED | Outcome.DEAD_LETTERED = Outcome.COMPLETED,
	): this {
		this.counters[outcome === Outcome.COMPLETED ? "completed" : "deadLettered"]++;
		const other = outcome === Outcome.COMPLETED ? Outcome.DEAD_LETTERED : Outcome.COMPLETED;
		if (this.pages.has(producer, other, sequence) || !this.pages.set(producer, outcome, sequence)) {
			this.counters.duplicates++;
		}
		return this;
	}

	get ledger(): AgentLedger {
		const producers = [...this.issued].map(([producer, issued]) => ({ producer, issued }));
		const { counters, lost, workers } = this;
		return { index: this.index, counters, pages: this.pages.allPages(), producers, lost, workers };
	}
}

function censusOf(remaining: [number, number][] = [], held: [number, number][] = []): Census {
	const pages = new LedgerPages();
	for (const [producer, sequence] of remaining) pages.set(producer, Outcome.REMAINING, sequence);
	for (const [producer, sequence] of held) pages.set(producer, Outcome.HELD, sequence);
	return Census.create({ pages: pages.allPages() });
}

/** All tasks of normal priority, sent by producers that wait for each enqueue, unless given otherwise. */
function account(
	agents: readonly Agent[],
	census: Census | undefined = censusOf(),
	change: Partial<AccountedRun> = {},
) {
	return accountFor({
		runTag: RUN,
		agents: agents.map(({ ledger }, index) => ({ ...ledger, index })),
		census,
		shape: TaskShape.create({ priorityWeights: [0, 1, 0, 0], payload: [{ weight: 1 }] }),
		sequential: true,
		...change,
	});
}

/** Without the sums by agent and priority and the names, which have tests of their own. */
function figures(accounting: Accounting) {
	const { byAgent, byPriority, lostTasks, heldTasks, unaccountedTasks, ...rest } = accounting;
	return rest;
}

const names = (tasks: readonly TaskName[]) => tasks.map(({ producer, sequence }) => `${producer}/${sequence}`);

const NOTHING = {
	rejected: 0,
	unknown: 0,
	unknownObserved: 0,
	completed: 0,
	deadLettered: 0,
	remaining: 0,
	held: 0,
	lost: 0,
	unaccounted: 0,
	duplicates: 0,
	crossAgentDuplicates: 0,
	notIssued: 0,
	recordedCompleted: 0,
	recordedDeadLettered: 0,
	recordsRead: false,
};

describe("accounting", () => {
	test("of nothing balances", () => {
		expect(figures(account([]))).toEqual({ ...NOTHING, issued: 0, acknowledged: 0, balanced: true });
	});

	test("100,000 tasks: 3 deleted, 5 completed twice, 2 enqueues cut of which 1 landed", () => {
		const agents = Array.from({ length: 4 }, () => new Agent());
		const [first, second] = agents as [Agent, Agent, Agent, Agent];
		for (const [producer, agent] of agents.entries()) agent.enqueue(producer, producer === 0 ? 24_998 : 25_000);
		first.refuse(0, Outcome.UNKNOWN).refuse(0, Outcome.UNKNOWN);
		const deleted = ["0/17", "1/8192", "3/24999"];
		for (let producer = 0; producer < 4; producer++) {
			for (let sequence = 0; sequence < 25_000; sequence++) {
				if (deleted.includes(`${producer}/${sequence}`) || (producer === 0 && sequence === 24_999)) continue;
				(agents[(producer + sequence) % 4] as Agent).settle(producer, sequence);
			}
		}
		for (let sequence = 100; sequence < 120; sequence += 4) second.settle(2, sequence);
		const accounting = account(agents);
		expect(figures(accounting)).toEqual({
			...NOTHING,
			issued: 100_000,
			acknowledged: 99_998,
			unknown: 2,
			unknownObserved: 1,
			completed: 99_996,
			lost: 3,
			duplicates: 5,
			crossAgentDuplicates: 5,
			balanced: true,
		});
		expect(names(accounting.lostTasks)).toEqual(deleted);
		expect(accounting.lostTasks[1]).toEqual({
			producer: 1,
			sequence: 8_192,
			taskId: makeTaskId(RUN, 1, 8_192),
			priority: 1,
			agent: 1,
			record: "unread",
		});
		expect(accounting.byAgent.map(({ agent, issued, lost, completed }) => [agent, issued, lost, completed])).toEqual([
			[0, 25_000, 1, 24_998],
			[1, 25_000, 1, 24_999],
			[2, 25_000, 0, 25_000],
			[3, 25_000, 1, 24_999],
		]);
	});

	test("completing one task twice does not hide that another is lost", () => {
		const within = account([new Agent().enqueue(0, 2).settle(0, 0).settle(0, 0)]);
		expect(within).toMatchObject({ completed: 1, lost: 1, duplicates: 1, crossAgentDuplicates: 0, balanced: true });
		expect(names(within.lostTasks)).toEqual(["0/1"]);
		const across = account([new Agent().enqueue(0, 2).settle(0, 0), new Agent().settle(0, 0)]);
		expect(across).toMatchObject({ completed: 1, lost: 1, duplicates: 1, crossAgentDuplicates: 1, balanced: true });
	});

	test("a task completed here and dead-lettered there is one task, settled twice", () => {
		const agents = [new Agent().enqueue(0, 1).settle(0, 0), new Agent().settle(0, 0, Outcome.DEAD_LETTERED)];
		expect(account(agents)).toMatchObject({ completed: 1, deadLettered: 0, duplicates: 1, lost: 0, balanced: true });
	});

	test("a settled task that is in a queue again is settled; one in a queue and held remains", () => {
		const agents = [new Agent().enqueue(0, 3).settle(0, 0)];
		const census = censusOf(
			[
				[0, 0],
				[0, 1],
			],
			[
				[0, 1],
				[0, 2],
			],
		);
		const accounting = account(agents, census);
		expect(accounting).toMatchObject({ completed: 1, remaining: 1, held: 1, lost: 0, balanced: true });
		expect(names(accounting.heldTasks)).toEqual(["0/2"]);
	});

	test("a task that nobody issued does not balance", () => {
		const agents = [new Agent().enqueue(0, 10)];
		for (let sequence = 0; sequence < 11; sequence++) agents[0]?.settle(0, sequence);
		expect(account(agents)).toMatchObject({ issued: 10, completed: 10, notIssued: 1, balanced: false });
		expect(account([new Agent().settle(9, 0)])).toMatchObject({ issued: 0, notIssued: 1, balanced: false });
	});

	test("a rejected task that was completed all the same does not balance", () => {
		expect(account([new Agent().refuse(0, Outcome.REJECTED).settle(0, 0)]).balanced).toBe(false);
	});

	test("without a census nothing is lost for certain, and nothing balances", () => {
		const agent = new Agent().enqueue(0, 2).settle(0, 0);
		const accounting = account([agent], undefined, { census: undefined });
		expect(accounting).toMatchObject({ completed: 1, lost: 0, unaccounted: 1, balanced: false });
	});

	test.each<[string, (agent: Agent) => void]>([
		["an acknowledgement", ({ counters }) => counters.enqueued++],
		["a task sent", ({ counters }) => counters.sent++],
		["a rejection", ({ counters }) => counters.rejected++],
		["an unknown outcome", ({ counters }) => counters.unknown++],
		["a completion", ({ counters }) => counters.completed++],
		["a duplicate", ({ counters }) => counters.duplicates++],
	])("counters that tell of %s more than the ledger do not balance", (_, change) => {
		const agent = new Agent().enqueue(0, 2).settle(0, 0).settle(0, 1);
		expect(account([agent]).balanced).toBe(true);
		change(agent);
		expect(account([agent]).balanced).toBe(false);
	});

	test("names at most so many lost and held tasks, from the first on", () => {
		const census = censusOf(
			[],
			Array.from({ length: 101_500 }, (_, sequence) => [1, sequence]),
		);
		const accounting = account([new Agent().enqueue(0, 200_000).enqueue(1, 103_000).settle(0, 1)], census);
		expect(accounting).toMatchObject({ lost: 199_999 + 1_500, held: 101_500, balanced: true });
		expect(accounting.lostTasks.map(({ sequence }) => sequence).slice(0, 3)).toEqual([0, 2, 3]);
		expect(accounting.lostTasks.length).toBe(NAMED_TASKS);
		expect(accounting.heldTasks.length).toBe(NAMED_TASKS);
	});

	test("an absurd number of tasks costs no time", () => {
		const agent = new Agent().enqueue(0, 2 ** 42 - 1).settle(0, 2 ** 41);
		expect(account([agent])).toMatchObject({ issued: 2 ** 42 - 1, lost: 2 ** 42 - 2, completed: 1, balanced: true });
	});
});

describe("when an agent was lost", () => {
	function lost(agent: Agent, workers = 1): Agent {
		agent.lost = true;
		agent.workers = workers;
		return agent;
	}

	test("what it may have settled untold is unaccounted, also other agents' tasks", () => {
		const accounting = account([new Agent().enqueue(0, 10).settle(0, 0), lost(new Agent())]);
		expect(accounting).toMatchObject({ completed: 1, lost: 0, unaccounted: 9, balanced: true, lostTasks: [] });
	});

	test("without workers it can have settled nothing: of the tasks that went, those acknowledged are lost", () => {
		const dead = lost(new Agent().enqueue(1, 5), 0);
		const agents = [new Agent().enqueue(0, 10), dead];
		for (let sequence = 0; sequence < 8; sequence++) agents[0]?.settle(0, sequence);
		const accounting = account(agents, censusOf([[1, 0]]));
		expect(accounting).toMatchObject({ completed: 8, remaining: 1, lost: 6, unaccounted: 0, balanced: true });
		expect(names(accounting.lostTasks)).toEqual(["0/8", "0/9", "1/1", "1/2", "1/3", "1/4"]);
		// By its last word it had begun one more, and heard nothing yet.
		dead.counters.sent++;
		dead.issued.set(1, 6);
		expect(names(account(agents).unaccountedTasks)).toEqual(["1/5"]);
	});

	test("tasks of its producers beyond what it said were issued by it", () => {
		const agents = [lost(new Agent().enqueue(1, 5)), new Agent().settle(1, 4).settle(1, 9_000)];
		const accounting = account(agents, censusOf([[1, 9_001]]));
		expect(accounting).toMatchObject({ issued: 9_002, completed: 2, remaining: 1, notIssued: 0, balanced: true });
		expect(accounting.unaccounted).toBe(9_002 - 3);
	});

	test("a producer that it never spoke of is its own too", () => {
		const agents = [lost(new Agent()), new Agent().settle(6, 2)];
		expect(account(agents)).toMatchObject({ issued: 3, completed: 1, unaccounted: 2, notIssued: 0, balanced: true });
	});

	test("but a living producer's tasks beyond its last are still nobody's", () => {
		const agents = [lost(new Agent()), new Agent().enqueue(0, 1).settle(0, 0).settle(0, 1)];
		expect(account(agents)).toMatchObject({ notIssued: 1, balanced: false });
	});

	test("in the middle of an enqueue its counters still agree", () => {
		const agent = lost(new Agent().enqueue(0, 3));
		agent.counters.sent++;
		agent.issued.set(0, 4);
		expect(account([agent])).toMatchObject({ issued: 4, unaccounted: 4, balanced: true });
	});
});

/** The sums by agent and by priority come to the whole. */
function expectSums({ byAgent, byPriority, ...whole }: Accounting): void {
	for (const groups of [byAgent, byPriority]) {
		for (const name of ["issued", "acknowledged", "completed", "lost", "held", "remaining", "unaccounted"] as const) {
			expect([name, groups?.reduce((sum, group) => sum + group[name], 0)]).toEqual([name, whole[name]]);
		}
	}
}

/** What became of a task, in one word for each way that it can go. */
const fates = fc.array(
	fc.constantFrom("completed", "twice", "dead", "remaining", "held", "deleted", "rejected", "landed", "absent"),
	{ maxLength: 200 },
);

test("counts what happened, whatever happened", () => {
	fc.assert(
		fc.property(fates, (all) => {
			const agents = [new Agent(), new Agent(), new Agent()] as const;
			const remaining: [number, number][] = [];
			const held: [number, number][] = [];
			const named: [number, number][] = [];
			for (const [number, fate] of all.entries()) {
				const producer = number % 2;
				const sequence = (number - producer) / 2;
				const sender = agents[producer] as Agent;
				const worker = agents[number % 3] as Agent;
				if (fate === "rejected") sender.refuse(producer, Outcome.REJECTED);
				else if (fate === "landed" || fate === "absent") sender.refuse(producer, Outcome.UNKNOWN);
				else sender.enqueue(producer, 1);
				if (fate === "completed" || fate === "twice" || fate === "landed") worker.settle(producer, sequence);
				if (fate === "twice") (agents[(number + 1) % 3] as Agent).settle(producer, sequence);
				if (fate === "dead") worker.settle(producer, sequence, Outcome.DEAD_LETTERED);
				if (fate === "remaining") remaining.push([producer, sequence]);
				if (fate === "held") held.push([producer, sequence]);
				if (fate === "deleted") named.push([producer, sequence]);
			}
			const of = (...some: (typeof all)[number][]) => all.filter((fate) => some.includes(fate)).length;
			const accounting = account(agents, censusOf(remaining, held));
			const inOrder = (tasks: readonly [number, number][]) => [...tasks].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
			expect(figures(accounting)).toEqual({
				...NOTHING,
				issued: all.length,
				acknowledged: all.length - of("rejected", "landed", "absent"),
				rejected: of("rejected"),
				unknown: of("landed", "absent"),
				unknownObserved: of("landed"),
				completed: of("completed", "twice", "landed"),
				deadLettered: of("dead"),
				remaining: of("remaining"),
				held: of("held"),
				lost: of("deleted"),
				duplicates: of("twice"),
				crossAgentDuplicates: of("twice"),
				balanced: true,
			});
			expect(names(accounting.lostTasks)).toEqual(inOrder(named).map((task) => task.join("/")));
			expect(names(accounting.heldTasks)).toEqual(inOrder(held).map((task) => task.join("/")));
			expectSums(accounting);
		}),
	);
});

describe("by priority", () => {
	const shape = TaskShape.create({ priorityWeights: [1, 7, 2, 0], payload: [{ weight: 1 }], drawSeed: 5 });

	test("a million tasks are told apart exactly", () => {
		const agents = [new Agent(), new Agent()] as const;
		const wanted = new Map([0, 1, 2].map((priority) => [priority, { issued: 0, lost: 0, remaining: 0 }]));
		const remaining: [number, number][] = [];
		for (const producer of [0, 1]) {
			agents[producer]?.enqueue(producer, 500_000);
			const draw = drawer(shape, producer);
			for (let sequence = 0; sequence < 500_000; sequence++) {
				const sum = wanted.get(draw(sequence).priority) as { issued: number; lost: number; remaining: number };
				sum.issued++;
				if (sequence % 1_000 === 7) sum.lost++;
				else if (sequence % 1_000 === 8) sum.remaining++;
				else agents[0].settle(producer, sequence);
				if (sequence % 1_000 === 8) remaining.push([producer, sequence]);
			}
		}
		const census = censusOf(remaining);
		const accounting = account(agents, census, { shape });
		expect(accounting.byPriority?.map(({ priority, ...sum }) => [priority, sum])).toMatchObject([...wanted]);
		expect(accounting).toMatchObject({ issued: 1_000_000, lost: 1_000, remaining: 1_000, balanced: true });
		expectSums(accounting);
		for (const { producer, sequence, priority } of accounting.lostTasks) {
			expect(priority).toBe(drawer(shape, producer)(sequence).priority);
		}
	});

	test("too many tasks are not drawn again", () => {
		expect(account([new Agent().enqueue(0, 2 ** 41)], censusOf(), { shape }).byPriority).toBeUndefined();
	});
});

describe("when an agent was lost and the records were read", () => {
	function lost(agent: Agent): Agent {
		agent.lost = true;
		return agent;
	}

	function records(
		of: Partial<Record<"completed" | "dead" | "open" | "held" | "remaining", [number, number][]>>,
	): Census {
		const pages = new LedgerPages();
		const outcomes = {
			completed: Outcome.RECORDED_COMPLETED,
			dead: Outcome.RECORDED_DEAD_LETTERED,
			open: Outcome.RECORDED_OPEN,
			held: Outcome.HELD,
			remaining: Outcome.REMAINING,
		};
		for (const [name, tasks] of Object.entries(of)) {
			for (const [producer, sequence] of tasks) pages.set(producer, outcomes[name as keyof typeof outcomes], sequence);
		}
		return Census.create({ pages: pages.allPages(), statesRead: true });
	}

	test("what it settled untold is settled by its record, what is gone is lost, what it held is held", () => {
		const agents = [new Agent().enqueue(0, 8).settle(0, 0), lost(new Agent())];
		const census = records({
			completed: [
				[0, 0],
				[0, 1],
				[0, 2],
			],
			dead: [[0, 3]],
			open: [
				[0, 4],
				[0, 5],
				[0, 6],
			],
			held: [[0, 4]],
			remaining: [[0, 5]],
		});
		const accounting = account(agents, census);
		expect(accounting).toMatchObject({
			completed: 1,
			recordedCompleted: 2,
			recordedDeadLettered: 1,
			held: 1,
			remaining: 1,
			lost: 2,
			unaccounted: 0,
			balanced: true,
		});
		expect(accounting.lostTasks.map(({ sequence, record }) => [sequence, record])).toEqual([
			[6, "open"],
			[7, "none"],
		]);
	});

	test("a task that was completed before its processing key was removed is completed", () => {
		const agents = [new Agent().enqueue(0, 1), lost(new Agent())];
		const census = records({ completed: [[0, 0]], open: [[0, 0]], held: [[0, 0]] });
		expect(account(agents, census)).toMatchObject({ recordedCompleted: 1, held: 0, lost: 0, balanced: true });
	});

	test("of its own producers all but the last task are known to have been enqueued", () => {
		// Told of 5 of which the last had no answer; sent 3 more, as the queue and the records show.
		const dead = lost(new Agent().enqueue(3, 4));
		dead.counters.sent++;
		dead.issued.set(3, 5);
		const census = records({
			open: [
				[3, 1],
				[3, 5],
				[3, 6],
				[3, 7],
			],
			remaining: [[3, 6]],
			completed: [[3, 0]],
		});
		const agents = [new Agent(), dead];
		const accounting = account(agents, census);
		// 4 was the last one told of, and has no record; 7 may never have come into a queue.
		expect(names(accounting.lostTasks)).toEqual(["3/1", "3/2", "3/3", "3/5"]);
		expect(names(accounting.unaccountedTasks)).toEqual(["3/4", "3/7"]);
		expect(accounting).toMatchObject({ issued: 8, recordedCompleted: 1, remaining: 1, balanced: true });
		// Of a producer that does not wait for answers nothing follows from a later task.
		const open = account(agents, census, { sequential: false });
		expect(open).toMatchObject({ lost: 0, unaccounted: 6, balanced: true });
		// But where no answer was outstanding, all that it told of was enqueued.
		dead.counters.enqueued++;
		expect(names(account(agents, census, { sequential: false }).lostTasks)).toEqual(["3/1", "3/2", "3/3", "3/4"]);
	});
});
