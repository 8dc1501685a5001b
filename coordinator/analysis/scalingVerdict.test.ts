import { describe, expect, it } from "vitest";
import { randomFrom } from "../plan/shuffle.js";
import { shapeOf } from "./scalingShape.js";
import { judgeScaling, type ScalingContext, type ScalingPoint } from "./scalingVerdict.js";
import { uslAt } from "./usl.js";

const SIZES = [1, 2, 4, 8, 16];
const pointsOf = (rates: readonly number[]) =>
	rates.map((tasksPerSecond, index) => ({ n: SIZES[index] ?? 0, tasksPerSecond, spread: 0 }));

describe("the shape", () => {
	it.each([
		[[100, 200, 400, 800, 1_600], { kind: "linear", efficiency: 1 }],
		[[100, 195, 385, 760, 1_450], { kind: "linear", efficiency: expect.closeTo(0.906, 3) }],
		[[1_000, 2_000, 4_000, 4_100, 4_050], { kind: "plateau", from: 4, tasksPerSecond: 4_100 }],
		[[1_000, 2_000, 4_000, 6_000, 6_200], { kind: "plateau", from: 8, tasksPerSecond: 6_200 }],
		[[900, 1_500, 1_480, 1_600, 1_500], { kind: "plateau", from: 2, tasksPerSecond: 1_600 }],
		[[380, 390, 385, 380, 370], { kind: "plateau", from: 1, tasksPerSecond: 390 }],
		[[1_000, 1_800, 3_000, 2_500, 2_000], { kind: "retrograde", from: 4, most: 3_000, last: 2_000 }],
		[[1_000, 1_900, 3_300, 5_400, 8_000], { kind: "knee", from: 4, efficiency: 0.5 }],
	])("of %j", (rates, shape) => {
		expect(shapeOf(pointsOf(rates))).toEqual(shape);
	});

	it("is not known of one size, or where the first did nothing", () => {
		expect(shapeOf(pointsOf([100]))).toBeUndefined();
		expect(shapeOf(pointsOf([0, 100]))).toBeUndefined();
	});

	it("is no fall where the repeats of the top and the end differ by more", () => {
		const noisy = pointsOf([1_460, 2_429, 2_785, 3_293, 2_745]).map((point) => ({ ...point, spread: 0.15 }));
		expect(shapeOf(pointsOf([1_460, 2_429, 2_785, 3_293, 2_745]))?.kind).toBe("retrograde");
		expect(shapeOf(noisy)).toEqual({ kind: "plateau", from: 8, tasksPerSecond: 3_293 });
	});

	it("does not depend on the order of the points", () => {
		const points = pointsOf([1_000, 2_000, 4_000, 4_100, 4_050]);
		expect(shapeOf(points.toReversed())).toEqual(shapeOf(points));
	});

	it.each([
		["linear", (n: number) => 100 * n],
		["plateau", (n: number) => Math.min(1_000 * n, 4_000)],
		["retrograde", (n: number) => uslAt({ lambda: 1_000, sigma: 0.02, kappa: 0.03 }, n)],
	] as const)("%s stays so in at least 98 of 100 sweeps with noise of 3 %%", (kind, at) => {
		const random = randomFrom(7);
		const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
		const kinds = Array.from(
			{ length: 100 },
			() => shapeOf(SIZES.map((n) => ({ n, tasksPerSecond: at(n) * (1 + 0.03 * normal()), spread: 0 })))?.kind,
		);
		expect(kinds.filter((each) => each === kind).length).toBeGreaterThanOrEqual(98);
	});
});

describe("the words", () => {
	const CLASSIC: ScalingContext = { dimension: "workers", pollIntervalMs: 10, tasksPerPoll: 1 };
	const judged = (
		rates: readonly number[],
		facts: Partial<ScalingPoint> = {},
		context: Partial<ScalingContext> = {},
	) => {
		const points = pointsOf(rates).map((point) => ({
			...point,
			pollCap: undefined,
			loopUtilization: 0.3,
			loopDelayUs: 2_000,
			hostBusy: 0.4,
			redisBusy: 0.5,
			...facts,
		}));
		return judgeScaling(points, { ...CLASSIC, ...context });
	};
	const capped = (rates: readonly number[], each = 100) =>
		judgeScaling(
			pointsOf(rates).map((point) => ({
				...point,
				pollCap: each * point.n,
				loopUtilization: 0.3,
				loopDelayUs: undefined,
				hostBusy: undefined,
				redisBusy: undefined,
			})),
			{ ...CLASSIC, tasksPerPoll: each / 100 },
		);

	it("name the poll interval where it holds all points", () => {
		const verdict = capped([99, 198, 395, 790, 1_500]);
		expect(verdict?.sentence).toBe("Throughput grows linearly to 16 workers (efficiency 94.7% there).");
		expect(verdict?.cause).toBe(
			"Each poll takes one task, so the poll interval is the limit (cap 100 tasks/s a worker at 10ms).",
		);
		expect(capped([9_900, 19_800, 39_500, 79_000, 150_000], 10_000)?.cause).toBe(
			"Each poll takes at most 100 tasks, so the poll interval is the limit (cap 10,000 tasks/s a worker at 10ms).",
		);
	});

	it("name it up to where it holds", () => {
		const verdict = capped([99, 198, 395, 500, 510]);
		expect(verdict).toMatchObject({ kind: "plateau", from: 8 });
		expect(verdict?.cause).toMatch(/^Up to 4 workers the poll interval of 10ms is the limit\. What the limit is/);
	});

	const plateau = [1_000, 2_000, 4_000, 4_100, 4_050];
	it.each<[Partial<ScalingPoint>, RegExp]>([
		[{ loopUtilization: 0.97, redisBusy: 0.95 }, /event loop is 97% busy there: the generator is the limit/],
		[
			{ loopDelayUs: 73_000, hostBusy: 0.96 },
			/stood still there for up to 73\.0 ms at a time, longer than the poll interval/,
		],
		[{ hostBusy: 0.96, redisBusy: 0.95 }, /cores are 96% busy there: the machine is the limit/],
		[{ redisBusy: 0.91 }, /Redis's main thread is 91% busy there/],
		[
			{},
			/these figures do not show: an agent's event loop at most 30% busy, the hosts' cores 40%, Redis's main thread 50%/,
		],
		[{ hostBusy: undefined, redisBusy: undefined }, /do not show: an agent's event loop at most 30% busy\.$/],
	])("of a plateau with %j", (facts, cause) => {
		const verdict = judged(plateau, facts);
		expect(verdict).toMatchObject({ kind: "plateau", from: 4 });
		expect(verdict?.sentence).toBe(
			"Throughput reaches a plateau at 4 workers: up to 16 more add little, to 4,100 tasks/s at the most.",
		);
		expect(verdict?.cause).toMatch(cause);
	});

	it("of agents that share the same workers", () => {
		expect(judged([380, 390, 385, 380, 370], {}, { dimension: "agents" })?.sentence).toBe(
			"Throughput hardly depends on the number of agents, from 1 to 16: it stays near 390.0 tasks/s.",
		);
	});

	it("of a fall and of a knee", () => {
		expect(judged([1_000, 1_800, 3_000, 2_500, 2_000])?.sentence).toBe(
			"Throughput falls beyond 4 workers: from 3,000 tasks/s there to 2,000 at 16.",
		);
		expect(judged([1_000, 1_900, 3_300, 5_400, 8_000])?.sentence).toBe(
			"Throughput grows less than linearly beyond 4 workers: at 16 the efficiency is 50%.",
		);
	});
});
