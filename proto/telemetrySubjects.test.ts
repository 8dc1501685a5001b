import { expect, test } from "vitest";
import { agentSubject, executionOf, planSubject, readSubject, subjectsOf } from "./telemetrySubjects.js";

test("subjects and what is read of them are inverse", () => {
	expect(readSubject(planSubject("0a1b2c3d"))).toEqual({ kind: "plan", execution: "0a1b2c3d" });
	expect(agentSubject("0a1b2c3d-12", 7)).toBe("spoolbench.v1.0a1b2c3d.12.agent.7");
	expect(readSubject("spoolbench.v1.0a1b2c3d.12.agent.7")).toEqual({
		kind: "agent",
		execution: "0a1b2c3d",
		ordinal: 12,
		agent: 7,
	});
	expect(subjectsOf()).toBe("spoolbench.v1.*.>");
	expect(subjectsOf("0a1b2c3d")).toBe("spoolbench.v1.0a1b2c3d.>");
});

test.each(["", "run", "a.b-1", "*-1", "a-b", "a->", "a-1-2", "a b-0"])(
	"a run's ID that makes no subject: %j",
	(runId) => {
		expect(agentSubject(runId, 0)).toBeUndefined();
	},
);

test.each([
	["0a1b2c3d", "0a1b2c3d"],
	["0a1b2c3d-3", "0a1b2c3d"],
	["", undefined],
	["*", undefined],
	["a.b", undefined],
	["a-b", undefined],
])("%j names the execution %j", (id, execution) => {
	expect(executionOf(id)).toBe(execution);
});

test.each([
	"spoolbench.v2.a.plan",
	"spoolbench.v1",
	"spoolbench.v1.a",
	"spoolbench.v1..plan",
	"spoolbench.v1.a.plan.more",
	"spoolbench.v1.a.x.agent.1",
	"spoolbench.v1.a.1.agent",
	"spoolbench.v1.a.1.agent.1.2",
	"spoolbench.v1.a.1.worker.1",
	"spoolbench.v1.a.1.agent.-1",
	"spoolbench.v1.a\u001b.plan",
])("%j is none of its subjects", (subject) => {
	expect(readSubject(subject)).toBeUndefined();
});
