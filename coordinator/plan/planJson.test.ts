import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePlan, parseRunSpec, planToJson, specToJson } from "./planJson.js";
import { resolvePlan } from "./resolve.js";

function planOf(flags: Parameters<typeof resolvePlan>[0]["flags"]) {
	const resolution = resolvePlan({ flags, environment: {} });
	if (!resolution.ok) throw new Error(JSON.stringify(resolution.problems));
	return resolution.plan;
}

test("a plan and its runs come back as they were", () => {
	const handler = fc.constantFrom("benchmark", "noop", "sleep:5ms", "sleep:exp:2ms", "cpu:1ms", "fail:0.5", "hang");
	const load = fc.constantFrom(
		{},
		{ tasks: "9" },
		{ duration: "1s" },
		{ duration: "1s", tasks: "90" },
		{ duration: "1s", inFlight: "3" },
	);
	fc.assert(
		fc.property(handler, load, fc.constantFrom("quick", "scalability", "custom"), (handler, load, type) => {
			const plan = planOf({ ...load, handler, type });
			expect(parsePlan(planToJson(plan))).toStrictEqual(plan);
			for (const run of plan.runs) expect(parseRunSpec(specToJson(run))).toStrictEqual(run);
		}),
	);
});

test("the password does not come along", () => {
	const plan = planOf({ redis: "redis://user:secret@host:6379/2" });
	expect(planToJson(plan)).not.toContain("secret");
	expect(parsePlan(planToJson(plan)).redisUrl).toBe("redis://user:***@host:6379/2");
});

test("fields of newer versions are passed over", () => {
	const [run] = planOf({ duration: "1s" }).runs;
	const newer = JSON.stringify({ ...run, ramp: "up", load: { ...run?.load, rate: 5 } });
	expect(parseRunSpec(newer)).toStrictEqual(run);
});

test.each([
	["{", "the record's run is damaged: "],
	["{}", "the record's run cannot be read by this version: name: "],
	['{"name":"x","point":"x","agents":1,"engine":"other"}', "the record's run cannot be read by this version: engine: "],
	["null", "the record's run cannot be read by this version: "],
])("%s is refused", (json, message) => {
	expect(() => parseRunSpec(json)).toThrow(message);
});
