import fc from "fast-check";
import { expect, test } from "vitest";
import { formatHandler, HANDLER_EXAMPLES, parseHandler } from "./handlers.js";
import type { HandlerSpec } from "./plan.js";

test.each<[string, HandlerSpec]>([
	["benchmark", { kind: "benchmark" }],
	["noop", { kind: "noop" }],
	["hang", { kind: "hang" }],
	["sleep:5ms", { kind: "sleep", meanMs: 5, exponential: false }],
	["sleep:exp:20ms", { kind: "sleep", meanMs: 20, exponential: true }],
	["cpu:250us", { kind: "cpu", durationMs: 0.25 }],
	["fail:0.01", { kind: "fail", probability: 0.01 }],
	["fail:1", { kind: "fail", probability: 1 }],
	["fail:0", { kind: "fail", probability: 0 }],
])("%s", (text, handler) => {
	expect(parseHandler(text)).toEqual({ ok: true, value: handler });
});

test.each([
	["", "expected benchmark, noop, sleep:5ms, sleep:exp:20ms, cpu:2ms, fail:0.01 or hang"],
	["Sleep:5ms", "expected benchmark, noop, sleep:5ms, sleep:exp:20ms, cpu:2ms, fail:0.01 or hang"],
	["noop:5ms", "expected noop without a parameter"],
	["sleep", "expected sleep with a time of at most 1h, such as sleep:5ms or sleep:exp:20ms"],
	["sleep:5", "expected sleep with a time of at most 1h, such as sleep:5ms or sleep:exp:20ms"],
	["sleep:exp", "expected sleep with a time of at most 1h, such as sleep:5ms or sleep:exp:20ms"],
	["sleep:uniform:5ms", "expected sleep with a time of at most 1h, such as sleep:5ms or sleep:exp:20ms"],
	["sleep:2h", "expected sleep with a time of at most 1h, such as sleep:5ms or sleep:exp:20ms"],
	["cpu:", "expected cpu with a time of at most 1h, such as cpu:2ms"],
	["fail", "expected fail with a probability, such as fail:0.01"],
	["fail:1.1", "expected fail with a probability, such as fail:0.01"],
	["fail:-1", "expected fail with a probability, such as fail:0.01"],
	["fail:1%", "expected fail with a probability, such as fail:0.01"],
	["fail:NaN", "expected fail with a probability, such as fail:0.01"],
])("%j is refused: %s", (text, expectation) => {
	expect(parseHandler(text)).toEqual({ ok: false, expected: expectation });
});

test("the examples are handlers, and are written as they are read", () => {
	for (const example of HANDLER_EXAMPLES) {
		const handler = parseHandler(example);
		expect(handler.ok && formatHandler(handler.value)).toBe(example);
	}
});

test("what is written reads as the same", () => {
	const timeMs = fc.integer({ min: 0, max: 3_600_000_000 }).map((timeUs) => timeUs / 1_000);
	const handler = fc.oneof<fc.Arbitrary<HandlerSpec>[]>(
		fc.constantFrom({ kind: "benchmark" }, { kind: "noop" }, { kind: "hang" }),
		fc.record({ kind: fc.constant("sleep"), meanMs: timeMs, exponential: fc.boolean() }),
		fc.record({ kind: fc.constant("cpu"), durationMs: timeMs }),
		fc.record({ kind: fc.constant("fail"), probability: fc.integer({ min: 0, max: 1e9 }).map((parts) => parts / 1e9) }),
	);
	fc.assert(
		fc.property(handler, (spec) => {
			expect(parseHandler(formatHandler(spec))).toEqual({ ok: true, value: spec });
		}),
	);
});
