import { describe, expect, test } from "vitest";
import { type RunShape, simulatedRun } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import type { MergedRun } from "../merge/merged.js";
import { buildRun } from "../report/buildRun.js";
import { sendingSentence } from "../report/loadText.js";
import { lostArrivals } from "./lostLoad.js";
import { offeredOf } from "./offered.js";
import { verdictOf } from "./verdict.js";

/** 1,000 arrivals a second for 4 s over 4 agents, the last of which alone has workers; agent 1 is lost after a second. */
const SHAPE: RunShape = { openMs: 4_000, agents: 4, workers: 1, lost: { agent: 1, atUs: 1_000_000 } };
const RUN = mergeRun(simulatedRun(SHAPE));

const reasonOf = (run: MergedRun, code: string) => verdictOf(run).reasons.find((reason) => reason.code === code);

describe("an agent lost in an open loop", () => {
	test("leaves its share of what was due until sending ended not offered", () => {
		expect(RUN.agents.map((agent) => lostArrivals(RUN, agent).dueAfter)).toEqual([0, 750, 0, 0]);
		const offered = offeredOf(RUN);
		expect(offered).toMatchObject({ notOffered: 750, notOfferedLost: 750 });
		// What it sent in its last millisecond is in no report.
		expect(offered?.due).toBe((offered?.sent ?? 0) + 750);
		expect(offered?.due).toBeGreaterThanOrEqual(3_999);
		expect(offered?.sentRatio).toBeCloseTo(0.8125, 3);
	});

	test("makes the load smaller than the plan's, and the report says by how much", () => {
		expect(reasonOf(RUN, "load-not-offered")).toMatchObject({ severity: "INVALID" });
		expect(reasonOf(RUN, "load-not-offered")?.sentence).toMatch(
			/sent 81\.\d+% of what was due: 750 arrivals .*, 750 of them \(18\.\d+% of what was due\) of lost agents' shares\./,
		);
		expect(sendingSentence(buildRun(RUN))).toMatch(/, 750 \(18\.\d+%\) not offered by lost agents, /);
	});

	test("leaves that uncovered though it has no workers", () => {
		const lost = reasonOf(RUN, "agent-lost");
		expect(lost?.figure).toBeCloseTo(0.1875, 3);
		expect(lost?.severity).toBe("INVALID");
	});

	test("leaves what its workers did uncovered where that is more", () => {
		const run = mergeRun(simulatedRun({ ...SHAPE, lost: { agent: 3, atUs: 1_000_000 } }));
		expect(reasonOf(run, "agent-lost")?.figure).toBeCloseTo(1 - 1e6 / run.endAtUs, 6);
	});

	test("takes nothing from the load once it has ended sending", () => {
		const ended = RUN.agents.map((agent) => ({ ...agent, span: { ...agent.span, sendingEndedAtUs: 4e6 } }));
		expect(offeredOf({ ...RUN, agents: ended })?.notOfferedLost).toBe(0);
	});

	test("is not known to have sent what waited at its last report", () => {
		const waiting = RUN.agents.map((agent) =>
			agent.loss ? { ...agent, counters: { ...agent.counters, due: agent.counters.due + 30 } } : agent,
		);
		const counters = { ...RUN.counters, due: RUN.counters.due + 30 };
		const offered = offeredOf({ ...RUN, agents: waiting, counters });
		expect(offered?.notOfferedLost).toBe(780);
		expect(offered?.due).toBe((offered?.sent ?? 0) + 780);
	});

	test("follows the plan's rate, where that changes", () => {
		const { load } = RUN.spec;
		if (load.kind !== "open") throw new Error("no open loop");
		const rate = { shape: "step", steps: [1_000, 3_000] } as const;
		const run = { ...RUN, spec: { ...RUN.spec, load: { ...load, rate } } };
		// A second at 1,000 and two at 3,000, over four agents.
		expect(offeredOf(run)?.notOfferedLost).toBe(1_750);
	});
});

test("a closed loop's lost agent leaves no arrivals; what its producers were to send is uncovered", () => {
	const run = mergeRun(simulatedRun({ agents: 4, workers: 1, lost: { agent: 1, atUs: 100_000 } }));
	expect(run.agents.map((agent) => lostArrivals(run, agent))).toEqual(
		run.agents.map(() => ({ dueAfter: 0, waiting: 0 })),
	);
	const figure = (1 / 4) * (1 - 100_000 / run.span.lastSentAtUs);
	expect(reasonOf(run, "agent-lost")?.figure).toBeCloseTo(figure, 6);
});
