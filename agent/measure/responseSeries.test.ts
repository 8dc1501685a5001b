import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { expect, test } from "vitest";
import { addSeconds, decodeSecond, type SecondOfResponses, secondPercentileUs } from "../../proto/responseSecond.js";
import { ResponseSeries } from "./responseSeries.js";

function onlySecond(series: ResponseSeries): SecondOfResponses {
	const [second, more] = series.all().map(decodeSecond);
	if (!second || more) throw new Error("expected one second");
	return second;
}

test("tells of each second what was intended in it, and what came of that", () => {
	const series = new ResponseSeries();
	for (let task = 0; task < 1_000; task++) {
		series.begun(2_000_000 + task * 1_000);
		series.completed(2_000_000 + task * 1_000, task + 1);
	}
	series.begun(2_999_999);
	series.ended(2_999_999);
	const second = onlySecond(series);
	expect(second).toMatchObject({ index: 2, count: 1_000, intended: 1_001, ended: 1, maxUs: 1_000 });
	// 2 significant digits: at most one bucket of 4 above 512.
	expect(secondPercentileUs(second, 0.5)).toBeGreaterThanOrEqual(500);
	expect(secondPercentileUs(second, 0.5)).toBeLessThanOrEqual(503);
	expect(secondPercentileUs(second, 0.99)).toBeGreaterThanOrEqual(990);
	expect(secondPercentileUs(second, 1)).toBe(1_000);
	// With ten more that never finished.
	expect(secondPercentileUs(second, 0.995, 1_010)).toBeUndefined();
	expect(secondPercentileUs(second, 0.99, 1_010)).toBe(1_000);
});

test("counts what is out of range at its ends", () => {
	const series = new ResponseSeries();
	series.completed(-5, -7);
	series.completed(0, 1e12);
	expect(onlySecond(series)).toMatchObject({ index: 0, count: 2, maxUs: 1e12 });
});

/** A task of a second; or what has been told is taken. */
const steps = fc.array(
	fc.oneof(
		{ weight: 9, arbitrary: fc.record({ second: fc.nat({ max: 200 }), us: fc.nat({ max: 2 ** 31 }) }) },
		{ weight: 1, arbitrary: fc.constant(undefined) },
	),
	{ maxLength: 400 },
);

test("the taken parts together are the whole, in whatever order seconds come", () => {
	fc.assert(
		fc.property(steps, (all) => {
			const series = new ResponseSeries();
			const taken: SecondOfResponses[] = [];
			const values = new Map<number, number[]>();
			for (const step of all) {
				if (step === undefined) {
					taken.push(...series.take().map(decodeSecond));
					continue;
				}
				series.completed(step.second * 1e6, step.us);
				values.set(step.second, [...(values.get(step.second) ?? []), step.us]);
			}
			const whole = series.all().map(decodeSecond);
			taken.push(...series.take().map(decodeSecond));
			expect(whole.map(({ index }) => index)).toEqual([...values.keys()].sort((a, b) => a - b));
			for (const second of whole) {
				const own = values.get(second.index) ?? [];
				expect([second.count, second.maxUs]).toEqual([own.length, Math.max(...own)]);
				expect(taken.filter(({ index }) => index === second.index).reduce(addSeconds)).toEqual(second);
			}
			expect(series.take()).toEqual([]);
		}),
	);
});

test("an hour at 2,000 tasks a second is held in less than 7 MB", () => {
	const hour = 3_600;
	const series = new ResponseSeries();
	setFlagsFromString("--expose-gc");
	const collect = runInNewContext("gc") as () => void;
	const bytesNow = () => {
		collect();
		const { heapUsed, arrayBuffers } = process.memoryUsage();
		return heapUsed + arrayBuffers;
	};
	let seen = 1;
	const before = bytesNow();
	for (let second = 0; second < hour; second++) {
		for (let task = 0; task < 2_000; task++) {
			// Widely spread: from 1 to 100 ms, as many in each tenfold; one in 20 is of the second before.
			seen = (seen * 16_807) % 2_147_483_647;
			const intendedAtUs = (second - (task % 20 === 0 ? 1 : 0)) * 1e6;
			series.begun(second * 1e6);
			series.completed(intendedAtUs, 1_000 * 100 ** (seen / 2_147_483_647));
		}
		series.take();
	}
	const all = series.all();
	expect(all).toHaveLength(hour);
	expect(bytesNow() - before).toBeLessThan(7e6);
});
