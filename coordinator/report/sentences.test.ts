import { expect, test } from "vitest";
import { type RunShape, simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { buildRun } from "./buildRun.js";
import type { ReportRun } from "./schema.js";
import { agentBalances } from "./sentences.js";

function runOf(shape: RunShape): ReportRun {
	const [record] = simulatedRecord([shape]).runs;
	if (!record) throw new Error("no run");
	return buildRun(mergeRun(record));
}

test("one agent's balance is the run's, and told once", () => {
	expect(agentBalances(runOf({}))).toEqual([]);
});

test("each of a few agents has its own balance, and they add up to the run's", () => {
	const run = runOf({ agents: 2, tasks: 1_000, vanished: [17, 400], deadLetterEach: 250 });
	const balances = agentBalances(run);
	expect(balances).toHaveLength(2);
	for (const [agent, balance] of balances.entries()) {
		const [enqueued, ...terms] = [...balance.replaceAll(",", "").matchAll(/(?<=: |= |\+ )\d+/g)].map(Number);
		expect(balance).toMatch(new RegExp(`by agent ${agent}: `));
		expect(terms.reduce((sum, term) => sum + term, 0)).toBe(enqueued);
	}
	expect(balances.join(" ")).toMatch(/dead-lettered/);
	expect(balances.join(" ")).toMatch(/ lost/);
});

test("of a large fleet those are told whose tasks are not all settled, and the others together", () => {
	const whole = runOf({ agents: 40, workers: 80, tasks: 4_000 });
	expect(agentBalances(whole)).toEqual(["all tasks of each of 40 agents settled"]);
	const byAgent = whole.accounting.byAgent.map((group, index) =>
		index === 3 ? { ...group, completed: group.completed - 2, lost: 1, held: 1 } : group,
	);
	const sent = byAgent.reduce((sum, group, index) => sum + (index === 3 ? 0 : group.acknowledged), 0);
	const own = byAgent[3]?.acknowledged ?? 0;
	expect(agentBalances({ ...whole, accounting: { ...whole.accounting, byAgent } })).toEqual([
		`sent by agent 3: ${own.toLocaleString("en")} = ${(own - 2).toLocaleString("en")} completed + 1 held + 1 lost`,
		`by the other 39 agents: ${sent.toLocaleString("en")} = ${sent.toLocaleString("en")} completed`,
	]);
});
