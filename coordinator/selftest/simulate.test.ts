import { expect, test } from "vitest";
import { meanResponseMs, meanWaitMs, responseQuantileMs, waitsLongerThan } from "./erlang.js";
import { DEVIATIONS, OBSERVATION, QUEUEING_CASES } from "./queueing.js";
import { acceptanceIntervals, seededUniform, simulateQueue } from "./simulate.js";

test("a long simulation is what Erlang says, of which it knows nothing", () => {
	for (const setting of QUEUEING_CASES) {
		const tasks = 400_000;
		const endMs = (tasks / setting.arrivalsPerSecond) * 1_000;
		const run = simulateQueue(setting, { ...OBSERVATION, endMs }, seededUniform(7));
		expect(run?.meanServiceMs).toBeCloseTo(setting.meanServiceMs, -0.3);
		const near = (measured: number | undefined, theory: number) => {
			expect(Math.abs((measured ?? 0) / theory - 1)).toBeLessThan(0.05);
		};
		near(run?.waitedShare, waitsLongerThan(setting, OBSERVATION.waitThresholdMs));
		near(run?.meanWaitMs, meanWaitMs(setting));
		near(run?.meanResponseMs, meanResponseMs(setting));
		near(run?.p50ResponseMs, responseQuantileMs(setting, 0.5));
		near(run?.p95ResponseMs, responseQuantileMs(setting, 0.95));
	}
});

test("a faultless run is hardly ever refused, one that is half as slow again is", () => {
	for (const setting of QUEUEING_CASES) {
		const intervals = acceptanceIntervals(setting, OBSERVATION, 1, DEVIATIONS);
		const uniform = seededUniform(2);
		const refused = (slower: number) => {
			let count = 0;
			for (let run = 0; run < RUNS; run++) {
				const meanServiceMs = setting.meanServiceMs * slower;
				const measured = simulateQueue({ ...setting, meanServiceMs }, OBSERVATION, uniform);
				const isOut = (Object.keys(intervals) as (keyof typeof intervals)[]).some((name) => {
					const value = measured?.[name] ?? Number.NaN;
					return !(value >= intervals[name].low && value <= intervals[name].high);
				});
				if (isOut) count++;
			}
			return count;
		};
		const RUNS = 1_000;
		expect(refused(1)).toBeLessThanOrEqual(3);
		expect(refused(1.5)).toBeGreaterThan(RUNS / 2);
	}
});

test("the same seed draws the same, within (0, 1], evenly", () => {
	const [a, b] = [seededUniform(5), seededUniform(5)];
	let sum = 0;
	for (let draw = 0; draw < 100_000; draw++) {
		const value = a();
		if (value !== b()) throw new Error(`draw ${draw} differs`);
		if (!(value > 0 && value <= 1)) throw new Error(`${value} is out of range`);
		sum += value;
	}
	expect(sum / 100_000).toBeCloseTo(0.5, 2);
});
