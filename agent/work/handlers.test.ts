import { describe, expect, it } from "vitest";
import type { Handler } from "../../proto/gen/slice.js";
import { newTask } from "../spool/task.js";
import { makeHandler } from "./handlers.js";

const task = newTask({ id: "1", type: "t", payload: '{"data":"x","task_id":7}', createdAt: "2026-01-01T00:00:00Z" });
const never = new AbortController().signal;
const half = () => 0.5;

function handler(kind: Handler["kind"], random: () => number = half) {
	return makeHandler({ kind }, random);
}

describe("handlers", () => {
	it("benchmark reads its payload and answers as Spool's does, at once", () => {
		const run = handler({ $case: "benchmark", value: {} });
		const before = Math.floor(Date.now() / 1_000);
		const answer = run(task, never);
		expect(typeof answer).toBe("string");
		const output = JSON.parse(answer as string);
		expect(Object.keys(output)).toEqual(["processed", "timestamp"]);
		expect(output.processed).toBe(true);
		expect(output.timestamp).toBeGreaterThanOrEqual(before);
		expect(() => run({ ...task, payload: '{"data":' }, never)).toThrow(SyntaxError);
	});

	it("noop answers at once, without a look at the payload", () => {
		expect(handler({ $case: "noop", value: {} })({ ...task, payload: "{" }, never)).toBe("null");
	});

	it("sleep takes its time", async () => {
		const start = performance.now();
		await handler({ $case: "sleep", value: { meanMs: 20, exponential: false } })(task, never);
		expect(performance.now() - start).toBeGreaterThan(18);
	});

	it("exponential sleep follows the distribution's inverse", async () => {
		// P(T ≤ t) = 0.5 at t = mean · ln 2.
		const start = performance.now();
		await handler({ $case: "sleep", value: { meanMs: 40, exponential: true } })(task, never);
		expect(performance.now() - start).toBeGreaterThan(40 * Math.LN2 - 2);
		const instant = performance.now();
		await handler({ $case: "sleep", value: { meanMs: 1e6, exponential: true } }, () => 0)(task, never);
		expect(performance.now() - instant).toBeLessThan(10_000);
	});

	it.each([
		["sleep", { $case: "sleep", value: { meanMs: 1e6, exponential: false } }],
		["hang", { $case: "hang", value: {} }],
	] as const)("%s ends with its signal", async (_name, kind) => {
		const cut = new AbortController();
		const running = handler(kind)(task, cut.signal);
		cut.abort(new Error("cut"));
		await expect(running).rejects.toThrow("cut");
		await expect(handler(kind)(task, cut.signal)).rejects.toThrow("cut");
	});

	it("cpu burns the CPU time that it is told", () => {
		const before = process.cpuUsage();
		const answer = handler({ $case: "cpu", value: { durationMs: 15 } })(task, never);
		const { user, system } = process.cpuUsage(before);
		expect(user + system).toBeGreaterThanOrEqual(15_000);
		expect(JSON.parse(answer as string)).toEqual(expect.any(Number));
	});

	it("fail fails with its probability, and else does as benchmark", () => {
		const draws = [0.29, 0.3, 0.99, 0];
		const run = handler({ $case: "fail", value: { probability: 0.3 } }, () => draws.shift() ?? Number.NaN);
		expect(() => run(task, never)).toThrow("failed as the plan asks");
		expect(run(task, never)).toContain('"processed":true');
		expect(run(task, never)).toContain('"processed":true');
		expect(() => run(task, never)).toThrow("failed as the plan asks");
	});
});
