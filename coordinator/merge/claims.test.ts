import { describe, expect, test } from "vitest";
import { Counters, type LedgerPage, Measurements, Outcome } from "../../proto/gen/measurement.js";
import { Slice } from "../../proto/gen/slice.js";
import { checkClaims, checkCounters } from "./claims.js";

/** Agent 1 of 2: producers 2 and 3 with 10 tasks each, and 4 workers. */
const slice = Slice.fromPartial({
	agentIndex: 1,
	agentCount: 2,
	load: { kind: { $case: "taskCount", value: { total: 40 } } },
	producers: [
		{ index: 2, firstTask: 20, tasks: 10 },
		{ index: 3, firstTask: 30, tasks: 10 },
	],
	workers: { count: 4 },
});
const idle = { ...slice, workers: undefined };

function page(producer: number, outcome: Outcome, sequence: number): LedgerPage {
	const bits = Buffer.alloc(1_024);
	bits[(sequence % 8_192) >> 3] = 1 << (sequence & 7);
	return { producer, outcome, page: Math.floor(sequence / 8_192), bits };
}

const claim = (part: Partial<Measurements>, of = slice) => {
	return () => checkClaims(of, Measurements.create(part));
};

test("what a slice gives can be claimed, and tasks of others that its workers took", () => {
	const whole = claim({
		producers: [{ producer: 2, issued: 10 }],
		counters: Counters.create({ sent: 20, enqueued: 20, dequeued: 50, completed: 40 }),
		ledger: [
			page(2, Outcome.UNKNOWN, 9),
			page(3, Outcome.COMPLETED, 0),
			page(0, Outcome.COMPLETED, 9),
			page(1, Outcome.DEAD_LETTERED, 70_000),
		],
	});
	expect(whole).not.toThrow();
});

test("without a number of tasks there is no bound on them", () => {
	const timed = { ...slice, load: Slice.fromPartial({ load: { kind: { $case: "timed", value: {} } } }).load };
	expect(claim({ producers: [{ producer: 2, issued: 1_000_000 }] }, timed)).not.toThrow();
});

describe("more than its slice is refused", () => {
	test.each<[string, Partial<Measurements>, RegExp]>([
		["another agent's producer", { producers: [{ producer: 0, issued: 1 }] }, /producer 0, which is not this agent's/],
		["more tasks than given", { producers: [{ producer: 3, issued: 11 }] }, /11 tasks .* given 10/],
		["more sent than given", { counters: Counters.create({ sent: 21 }) }, /21 tasks sent, where its slice has 20/],
		["another's enqueues", { ledger: [page(0, Outcome.REJECTED, 1)] }, /enqueues of producer 0/],
		["a task beyond the last", { ledger: [page(2, Outcome.COMPLETED, 10)] }, /beyond the 10/],
		["a page beyond the last", { ledger: [page(2, Outcome.UNKNOWN, 8_192)] }, /beyond the 10/],
		["a census", { ledger: [page(2, Outcome.REMAINING, 1)] }, /census/],
	])("%s", (_, part, message) => {
		expect(claim(part)).toThrow(message);
	});

	test("tasks settled without a worker", () => {
		expect(claim({ ledger: [page(0, Outcome.COMPLETED, 1)] }, idle)).toThrow(/no workers/);
		expect(() => checkCounters(idle, Counters.create({ completed: 1 }))).toThrow(/no workers/);
	});
});
