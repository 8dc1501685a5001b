import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { randomFrom } from "../plan/shuffle.js";
import { capLawAt, fitCapLaw } from "./capLaw.js";
import { solve } from "./leastSquares.js";
import { fitScaling } from "./scalingLaw.js";
import { fitUsl, type SizePoint, uslAt, uslPeak } from "./usl.js";

/** Throughput by concurrency: the Cisco data that usl4j and other fits of the law test against. */
const CISCO = [
	955.16, 1878.91, 2688.01, 3548.68, 4315.54, 5130.43, 5931.37, 6531.08, 7219.8, 7867.61, 8278.71, 8646.7, 9047.84,
	9426.55, 9645.37, 9897.24, 10097.6, 10240.5, 10532.39, 10798.52, 11151.43, 11518.63, 11806, 12089.37, 12075.41,
	12177.29, 12211.41, 12158.93, 12155.27, 12118.04, 12140.4, 12074.39,
].map((tasksPerSecond, index) => ({ n: index + 1, tasksPerSecond }));

const SIZES = [1, 2, 4, 8, 16, 32];
const pointsOf = (at: (n: number) => number, sizes = SIZES) => sizes.map((n) => ({ n, tasksPerSecond: at(n) }));

/** Normal noise of `share`, three runs a size. */
function noisy(points: readonly SizePoint[], share: number, seed: number): SizePoint[] {
	const random = randomFrom(seed);
	const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
	return points.flatMap(({ n, tasksPerSecond }) =>
		[1, 2, 3].map(() => ({ n, tasksPerSecond: tasksPerSecond * (1 + share * normal()) })),
	);
}

function mediansOf(runs: readonly SizePoint[]): SizePoint[] {
	const sizes = [...new Set(runs.map(({ n }) => n))];
	return sizes.map((n) => ({
		n,
		tasksPerSecond: runs
			.filter((run) => run.n === n)
			.map((run) => run.tasksPerSecond)
			.sort((a, b) => a - b)[1] as number,
	}));
}

describe("the universal scalability law", () => {
	it("has the known coefficients on the Cisco data, to two millionths, and is no worse a fit than they are", () => {
		const known = { lambda: 995.6486, sigma: 0.02671591, kappa: 7.690945e-4 };
		const law = fitUsl(CISCO) ?? { lambda: 0, sigma: 0, kappa: 0 };
		expect(Math.abs(law.lambda / known.lambda - 1)).toBeLessThan(2e-6);
		expect(Math.abs(law.sigma / known.sigma - 1)).toBeLessThan(2e-6);
		expect(Math.abs(law.kappa / known.kappa - 1)).toBeLessThan(2e-6);
		expect(Math.floor(uslPeak(law) ?? 0)).toBe(35);
		const squares = (of: typeof law) =>
			CISCO.reduce((sum, { n, tasksPerSecond }) => sum + (tasksPerSecond - uslAt(of, n)) ** 2, 0);
		expect(squares(law)).toBeLessThanOrEqual(squares(known));
	});

	it("finds any law again from its own points", () => {
		fc.assert(
			fc.property(
				fc.double({ min: 1, max: 1e6, noNaN: true }),
				fc.double({ min: 0, max: 0.5, noNaN: true }),
				fc.double({ min: 0, max: 0.01, noNaN: true }),
				(lambda, sigma, kappa) => {
					const law = fitUsl(pointsOf((n) => uslAt({ lambda, sigma, kappa }, n)));
					expect((law?.lambda ?? 0) / lambda).toBeCloseTo(1, 6);
					expect(law?.sigma).toBeCloseTo(sigma, 6);
					expect(law?.kappa).toBeCloseTo(kappa, 7);
				},
			),
		);
	});

	it("never has a negative coefficient, and never fits worse than a line, whatever the points", () => {
		const rates = fc.array(fc.double({ min: 1, max: 1e5, noNaN: true }), { minLength: 4, maxLength: 8 });
		fc.assert(
			fc.property(rates, (list) => {
				const points = list.map((tasksPerSecond, index) => ({ n: 2 ** index, tasksPerSecond }));
				const law = fitUsl(points);
				const { lambda = 0, sigma = 0, kappa = 0 } = law ?? {};
				expect(Math.min(lambda, sigma, kappa)).toBeGreaterThanOrEqual(0);
				const squares = (at: (n: number) => number) =>
					points.reduce((sum, { n, tasksPerSecond }) => sum + (at(n) - tasksPerSecond) ** 2, 0);
				const products = points.reduce((sum, { n, tasksPerSecond }) => sum + n * tasksPerSecond, 0);
				const slope = products / points.reduce((sum, { n }) => sum + n * n, 0);
				const line = squares((n) => slope * n);
				expect(squares((n) => uslAt({ lambda, sigma, kappa }, n))).toBeLessThanOrEqual(line * (1 + 1e-9));
			}),
		);
	});

	it("is near the truth through noise of 2 %", () => {
		const truth = { lambda: 1_000, sigma: 0.03, kappa: 0.0008 };
		for (let seed = 0; seed < 50; seed++) {
			const law = fitUsl(
				noisy(
					pointsOf((n) => uslAt(truth, n), [1, 2, 4, 8, 16, 32, 48, 64]),
					0.02,
					seed,
				),
			);
			expect(law?.lambda).toBeGreaterThan(850);
			expect(law?.lambda).toBeLessThan(1_150);
			expect(uslPeak(law ?? truth)).toBeGreaterThan(30);
			expect(uslPeak(law ?? truth)).toBeLessThan(41);
		}
	});
});

describe("the cap", () => {
	it("is found from its own points", () => {
		expect(fitCapLaw(pointsOf((n) => Math.min(1_000 * n, 8_000)))).toEqual({ lambda: 1_000, cap: 8_000 });
		expect(fitCapLaw(pointsOf((n) => Math.min(1_000 * n, 6_000)))).toEqual({ lambda: 1_000, cap: 6_000 });
	});

	it("fits no worse than any other pair of coefficients", () => {
		const rates = fc.array(fc.double({ min: 1, max: 1e4, noNaN: true }), { minLength: 2, maxLength: 7 });
		const factor = fc.double({ min: 0.5, max: 2, noNaN: true });
		fc.assert(
			fc.property(rates, factor, factor, (list, a, b) => {
				const points = list.map((tasksPerSecond, index) => ({ n: index + 1, tasksPerSecond }));
				const law = fitCapLaw(points) ?? { lambda: 0, cap: 0 };
				const squares = (other: typeof law) =>
					points.reduce((sum, { n, tasksPerSecond }) => sum + (capLawAt(other, n) - tasksPerSecond) ** 2, 0);
				const other = { lambda: law.lambda * a, cap: law.cap * b };
				expect(squares(law)).toBeLessThanOrEqual(squares(other) * (1 + 1e-9));
			}),
		);
	});
});

describe("the choice", () => {
	const capped = pointsOf((n) => Math.min(1_000 * n, 8_000));
	const curved = pointsOf((n) => uslAt({ lambda: 1_000, sigma: 0.05, kappa: 0.001 }, n));

	it("is the cap for min(1000N, 8000)", () => {
		expect(fitScaling(capped, capped)?.chosen).toBe("cap");
	});

	it("is the universal scalability law for the Cisco data, with a peak beyond the last size but near", () => {
		const fit = fitScaling(CISCO, CISCO);
		expect(fit?.chosen).toBe("usl");
		expect(fit?.peak).toEqual({ kind: "at", n: expect.closeTo(35.57, 2) });
	});

	it.each([
		["usl", pointsOf((n) => uslAt({ lambda: 1_000, sigma: 0.02, kappa: 0 }, n), [1, 2, 3, 4, 5, 6, 7, 8])],
		["cap", pointsOf((n) => Math.min(1_000 * n, 7_200), [1, 2, 3, 4, 5, 6, 7, 8])],
	] as const)("is %s by the criterion where both laws describe the points", (chosen, points) => {
		const fit = fitScaling(points, points);
		expect([fit?.usl?.isRejected, fit?.cap?.isRejected]).toEqual([false, false]);
		expect(fit?.chosen).toBe(chosen);
	});

	it("is right in at least 95 of 100 sweeps with noise of 3 %", () => {
		const right = (points: readonly SizePoint[], law: "usl" | "cap") =>
			Array.from({ length: 100 }, (_, seed) => noisy(points, 0.03, seed)).filter(
				(runs) => fitScaling(runs, mediansOf(runs))?.chosen === law,
			).length;
		expect(right(capped, "cap")).toBeGreaterThanOrEqual(95);
		expect(right(curved, "usl")).toBeGreaterThanOrEqual(95);
	});

	it("is neither where both miss a point by more than a tenth", () => {
		const erratic = [100, 500, 300, 900, 100, 800].map((tasksPerSecond, index) => ({ n: index + 1, tasksPerSecond }));
		expect(fitScaling(erratic, erratic)?.chosen).toBeUndefined();
	});

	it("is made with four sizes and not with three", () => {
		expect(fitScaling(capped.slice(0, 4), capped.slice(0, 4))?.chosen).toBe("cap");
		expect(fitScaling(capped.slice(0, 3), capped.slice(0, 3))).toBeUndefined();
	});

	it("is not made where a size did nothing", () => {
		const dead = [...capped.slice(0, 4), { n: 64, tasksPerSecond: 0 }];
		expect(fitScaling(dead, dead)).toBeUndefined();
	});

	it.each([
		[{ lambda: 1_000, sigma: 0.1, kappa: 0 }, { kind: "none" }],
		[{ lambda: 1_000, sigma: 0.1, kappa: 0.5e-6 }, { kind: "none" }],
		[{ lambda: 1_000, sigma: 0.1, kappa: 0.0001 }, { kind: "beyond" }],
		[
			{ lambda: 1_000, sigma: 0.1, kappa: 0.001 },
			{ kind: "at", n: expect.closeTo(30, 3) },
		],
	])("says of %j that its peak is %j", (law, peak) => {
		const points = pointsOf((n) => uslAt(law, n));
		expect(fitScaling(points, points)?.peak).toEqual(peak);
	});
});

test("a linear system is solved, a singular one refused", () => {
	const solution = solve(
		[
			[0, 2],
			[3, 1],
		],
		[4, 5],
	);
	expect(solution).toEqual([1, 2]);
	expect(
		solve(
			[
				[1, 2],
				[2, 4],
			],
			[1, 2],
		),
	).toBeUndefined();
});
