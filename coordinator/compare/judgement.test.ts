import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { randomFrom } from "../plan/shuffle.js";
import { beyondChance, type Evidence, judge, noiseFloor, variance } from "./judgement.js";
import { pairedShift } from "./shift.js";

const DELTA = Math.log1p(0.05);

/** Normal values with mean 0 and deviation 1 (Box & Muller). */
function normals(seed: number): () => number {
	const random = randomFrom(seed);
	return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** The gains of pairs whose runs each vary by `noise` of their value, and of which the one is better by `gain`. */
function gains(pairs: number, gain: number, noise: number, normal: () => number): number[] {
	return Array.from({ length: pairs }, () => gain + noise * (normal() - normal()));
}

function evidenceOf(values: readonly number[], delta = DELTA): Evidence {
	return {
		shift: pairedShift(values),
		delta,
		variance: variance(values),
		count: values.length,
		fewest: 6,
		isSame: false,
	};
}

/** As a comparison does it: six A/A pairs for the noise floor, then the pairs. */
function simulatedVerdict(pairs: number, gain: number, noise: number, normal: () => number) {
	const floor = noiseFloor(gains(6, 0, noise, normal), pairs);
	return judge(evidenceOf(gains(pairs, gain, noise, normal), Math.max(DELTA, floor)));
}

describe("by simulation, 1,000 comparisons of 10 pairs with 5 % run noise", () => {
	const share = (gain: number, outcomes: readonly string[], noise = 0.05) => {
		const normal = normals(20_260_131);
		const verdicts = Array.from({ length: 1_000 }, () => simulatedVerdict(10, gain, noise, normal).outcome);
		return verdicts.filter((outcome) => outcomes.includes(outcome)).length / 1_000;
	};

	it("A/A: at most 5 % false alarms", () => {
		expect(share(0, ["better", "worse"])).toBeLessThanOrEqual(0.05);
	});

	it("a gain and a loss of 10 % are found in at least 95 %", () => {
		expect(share(Math.log(1.1), ["better"])).toBeGreaterThanOrEqual(0.95);
		expect(share(Math.log(0.9), ["worse"])).toBeGreaterThanOrEqual(0.95);
	});

	it("never is a change of 10 % taken for its opposite, or for none", () => {
		expect(share(Math.log(1.1), ["worse", "equivalent"])).toBe(0);
	});

	it("with 2 % noise, the same thing is equivalent to itself", () => {
		expect(share(0, ["equivalent"], 0.02)).toBeGreaterThan(0.95);
	});
});

it("the pairs that it would take do settle it in about four of five cases", () => {
	const normal = normals(7);
	const [gain, noise] = [0.04, 0.05];
	const values = gains(2_000, gain, noise, normal);
	const { countNeeded } = judge({
		...evidenceOf([gain, gain, gain]),
		variance: variance(values),
	});
	const needed = countNeeded ?? 0;
	expect(needed).toBeGreaterThan(15);
	const settled = Array.from({ length: 500 }, () => judge(evidenceOf(gains(needed, gain, noise, normal))).outcome);
	const share = settled.filter((outcome) => outcome !== "inconclusive").length / 500;
	expect(share).toBeGreaterThan(0.72);
	expect(share).toBeLessThan(0.9);
});

describe("the rule", () => {
	const judged = (low: number, high: number) =>
		judge({ ...evidenceOf([0]), shift: { estimate: (low + high) / 2, interval: { low, high }, pValue: 1 } }).outcome;

	it.each([
		["within δ, around 0", -0.02, 0.02, "equivalent"],
		["within δ, off 0: known, and too small to matter", 0.01, 0.03, "equivalent"],
		["as wide as δ", -DELTA, DELTA, "equivalent"],
		["above 0 and beyond δ", 0.02, 0.1, "better"],
		["below 0 and beyond δ", -0.1, -0.02, "worse"],
		["around 0 and beyond δ", -0.02, 0.1, "inconclusive"],
		["from 0 on", 0, 0.1, "inconclusive"],
	])("an interval %s: [%d, %d] is %s", (_, low, high, outcome) => {
		expect(judged(low, high)).toBe(outcome);
	});

	it("fewer pairs than have an interval are inconclusive, however alike", () => {
		expect(judge(evidenceOf([0, 0, 0, 0, 0]))).toEqual({ outcome: "inconclusive", countNeeded: 6 });
	});

	it("an interval above 0 whose estimate is next to nothing is inconclusive", () => {
		const shift = { estimate: 0.017, interval: { low: 0.001, high: 0.14 }, pValue: 0.03 };
		expect(judge({ ...evidenceOf([0]), shift }).outcome).toBe("inconclusive");
		expect(judge({ ...evidenceOf([0]), shift: { ...shift, estimate: 0.03 } }).outcome).toBe("better");
	});

	it("what is known to be the same is never better or worse", () => {
		const shift = { estimate: 0.1, interval: { low: 0.05, high: 0.14 }, pValue: 0.01 };
		expect(judge({ ...evidenceOf([0]), shift, isSame: true }).outcome).toBe("inconclusive");
	});

	it("to swap the sides is to swap better and worse", () => {
		const opposite = { better: "worse", worse: "better", equivalent: "equivalent", inconclusive: "inconclusive" };
		const gain = fc.double({ min: -0.3, max: 0.3, noNaN: true });
		fc.assert(
			fc.property(fc.array(gain, { minLength: 6, maxLength: 12 }), (values) => {
				const swapped = judge(evidenceOf(values.map((value) => -value))).outcome;
				expect(swapped).toBe(opposite[judge(evidenceOf(values)).outcome]);
			}),
		);
	});
});

describe("several verdicts at once", () => {
	it.each([
		[[0.02, 0.9], true],
		[[0.03, 0.9], false],
		[[0.04, 0.05], true],
		[[0.05, 0.051], false],
		[[0.05], true],
		[[], false],
	])("p-values %j are beyond chance: %s", (pValues, expected) => {
		expect(beyondChance(pValues)).toBe(expected);
	});

	it("two metrics that have nothing to do with each other alarm for nothing in at most 5 % of 1,000 comparisons", () => {
		const normal = normals(20_260_131);
		const pValue = () => pairedShift(gains(10, 0, 0.05, normal)).pValue;
		const alarms = Array.from({ length: 1_000 }, () => beyondChance([pValue(), pValue()])).filter(Boolean).length;
		expect(alarms).toBeLessThanOrEqual(50);
		expect(alarms).toBeGreaterThan(10);
	});
});

it("the noise floor is what the interval of as many pairs may reach by noise alone", () => {
	const floor = noiseFloor(gains(1_000, 0, 0.05, normals(3)), 10);
	expect(floor).toBeCloseTo(1.96 * 0.05 * Math.SQRT2 * Math.sqrt(Math.PI / 3 / 10), 2);
});
