import { describe, expect, test } from "vitest";
import { randomSource } from "../../tests/support/random.js";
import { type ClockSample, offsetInterval } from "./clockBurst.js";
import { ClockTracker } from "./clockTracker.js";

/** Two clocks and the path between them. */
interface World {
	/** How much faster this host's clock runs than Redis's. */
	readonly driftPpm: number;
	/** How long the path takes one way, queueing aside, and the other way. */
	readonly thereUs: number;
	readonly backUs: number;
	/** The mean of the exponential time for which requests queue. */
	readonly queueUs: number;
	/** Redis's clock is set forward by so much at this time. */
	readonly step?: { readonly atUs: number; readonly byUs: number };
	/** Redis does not answer for this time: the call that meets it waits to its end. */
	readonly outage?: { readonly fromUs: number; readonly toUs: number };
}

const QUIET: World = { driftPpm: 0, thereUs: 30, backUs: 30, queueUs: 20 };
const BOUND_AT_ARMING_US = 60;

/** Redis's clock minus this host's at a time of this host's clock, relative to time 0. */
function trueOffsetUs({ driftPpm, step }: World, atUs: number): number {
	const stepUs = step && atUs >= step.atUs ? step.byUs : 0;
	return stepUs + atUs / (1 + driftPpm / 1e6) - atUs;
}

interface Followed {
	readonly tracker: ClockTracker;
	/** Of the correction, at each burst and half-way between. */
	readonly errorsUs: readonly number[];
	/** What was known of them at the time. */
	readonly boundsUs: readonly number[];
	readonly quality: ReturnType<ClockTracker["quality"]>;
}

/** What an agent would have followed: armed at 0, epoch at 1 s, a burst a second. */
function follow(world: World, seconds: number, seed = 20_261_123): Followed {
	const random = randomSource(seed);
	const tracker = new ClockTracker(0, BOUND_AT_ARMING_US, 1e6);
	const errorsUs: number[] = [];
	const boundsUs: number[] = [];
	const look = (atUs: number) => {
		errorsUs.push(Math.abs(tracker.offsetUs(atUs) - trueOffsetUs(world, atUs)));
		boundsUs.push(tracker.boundUs(atUs));
	};
	let endUs = 0;
	for (let second = 0; second <= seconds; second++) {
		const calls = second === 0 || second === seconds ? 32 : 8;
		const samples = burst(world, Math.max(second * 1e6 + 1, endUs), calls, random);
		endUs = samples.at(-1)?.receivedAtUs ?? 0;
		if (second > 0) look(endUs);
		const interval = offsetInterval(samples);
		if (interval) tracker.take(interval);
		else tracker.torn();
		look(endUs);
		look(endUs + 0.5e6);
	}
	return { tracker, errorsUs, boundsUs, quality: tracker.quality(1, endUs) };
}

function burst(world: World, fromUs: number, calls: number, random: () => number): ClockSample[] {
	let now = fromUs;
	return Array.from({ length: calls }, () => {
		const sentAtUs = now;
		let readAtUs = sentAtUs + world.thereUs - world.queueUs * Math.log(random());
		const { outage } = world;
		if (outage && readAtUs > outage.fromUs && readAtUs < outage.toUs) readAtUs = outage.toUs;
		const receivedAtUs = readAtUs + world.backUs;
		now = receivedAtUs + 10;
		return { sentAtUs, serverUs: Math.floor(readAtUs + trueOffsetUs(world, readAtUs)), receivedAtUs };
	});
}

/** Beyond the stated bound by more than the rounding of TIME. */
function violations({ errorsUs }: Followed, boundUs: number): number[] {
	return errorsUs.filter((error) => error > boundUs + 1.5);
}

const worlds: readonly [string, World][] = [
	["clocks that run alike", QUIET],
	["one leg that queues for 400 µs on average", { ...QUIET, queueUs: 400 }],
	["one leg that is 3 ms slower", { ...QUIET, thereUs: 3_030 }],
	["a drift of 30 ppm", { ...QUIET, driftPpm: 30 }],
	["a drift beyond the assumed one, fast", { ...QUIET, driftPpm: 100 }],
	["a drift beyond the assumed one, slow", { ...QUIET, driftPpm: -100 }],
	[
		"a drift beyond the assumed one over a path that is 3 ms slower one way",
		{ driftPpm: 100, thereUs: 3_030, backUs: 30, queueUs: 20 },
	],
	["a drift of 400 ppm over a busy path", { driftPpm: -400, thereUs: 200, backUs: 100, queueUs: 300 }],
	["a Redis that stands still for 5 s", { ...QUIET, driftPpm: 20, outage: { fromUs: 8.2e6, toUs: 13.1e6 } }],
];

describe.each([10, 20, 90])("over %i s", (seconds) => {
	test.each(worlds)("%s: the correction is never off by more than the bound, and no step is seen", (_, world) => {
		for (let seed = 1; seed <= 20; seed++) {
			const followed = follow(world, seconds, seed * 7_919);
			const { boundUs, steps, bursts, failedBursts } = followed.quality;
			expect(violations(followed, boundUs), `seed ${seed}`).toEqual([]);
			expect({ steps, failedBursts, bursts }).toEqual({ steps: 0, failedBursts: 0, bursts: seconds + 1 });
		}
	});
});

describe("the bound", () => {
	test("is near what the path allows where the clocks run alike", () => {
		const { quality } = follow(QUIET, 60);
		// Half the round trip, 33 µs with the shortest queueing, and 50 µs for the second between two bursts.
		expect(quality.boundUs).toBeGreaterThan(60);
		expect(quality.boundUs).toBeLessThan(110);
	});

	test("is widened by a drift beyond the assumed one", () => {
		const { quality } = follow({ ...QUIET, driftPpm: 200 }, 15);
		expect(quality.boundUs).toBeGreaterThan(200);
		expect(quality.boundUs).toBeLessThan(330);
		expect(quality.steps).toBe(0);
	});

	test("grows by 50 µs a second while Redis stands still, and not to the length of the pause", () => {
		const { quality } = follow({ ...QUIET, outage: { fromUs: 8.2e6, toUs: 18.1e6 } }, 25);
		expect(quality.boundUs).toBeGreaterThan(500);
		expect(quality.boundUs).toBeLessThan(800);
	});

	test("grows without any burst", () => {
		const tracker = new ClockTracker(0, BOUND_AT_ARMING_US, 1e6);
		tracker.failed();
		expect(tracker.quality(1, 10e6)).toMatchObject({ bursts: 0, failedBursts: 1, driftKnown: false });
		expect(tracker.quality(1, 10e6).boundUs).toBeCloseTo(BOUND_AT_ARMING_US + 500, 6);
		expect(tracker.offsetUs(10e6)).toBe(0);
	});

	test("takes constant memory: the worst of an hour is told at its end", () => {
		const hour = follow({ ...QUIET, outage: { fromUs: 1_000.2e6, toUs: 1_020.1e6 } }, 3_600);
		expect(hour.quality.boundUs).toBeGreaterThan(200);
		expect(hour.quality.boundUs).toBeLessThan(400);
		expect(violations(hour, hour.quality.boundUs)).toEqual([]);
	});
});

describe("the drift", () => {
	test.each([0, 30, 100, -100, 400])("of %i ppm is told after 15 s, and corrected for after 30 s", (driftPpm) => {
		const short = follow({ ...QUIET, driftPpm }, 15).quality;
		expect(short.driftKnown).toBe(true);
		expect(Math.abs(short.driftPpm - driftPpm)).toBeLessThan(5);
		const long = follow({ ...QUIET, driftPpm }, 90);
		const settled = long.boundsUs.slice(-60);
		expect(Math.max(...settled)).toBeLessThan(70);
		expect(Math.max(...long.errorsUs.slice(-60))).toBeLessThan(30);
	});

	test("beyond 500 ppm is no clock's: it is followed no faster than that, and told", () => {
		const { quality } = follow({ ...QUIET, driftPpm: 2_000 }, 20);
		expect(quality.steps).toBeGreaterThan(0);
	});

	test("is not told over a path that is too uneven for it", () => {
		expect(follow({ ...QUIET, thereUs: 5_000, queueUs: 20_000 }, 8).quality.driftKnown).toBe(false);
	});
});

describe("a step of Redis's clock", () => {
	test.each([5_000, -5_000, 3_600e6])("by %i µs is seen once, with its size, and followed", (byUs) => {
		const world = { ...QUIET, driftPpm: 20, step: { atUs: 8.4e6, byUs } };
		const { quality, errorsUs } = follow(world, 20);
		expect(quality.steps).toBe(1);
		expect(quality.largestStepUs / byUs).toBeCloseTo(1, 1);
		// Since the epoch, which is at 1 s.
		expect(quality.firstStepAtUs).toBeGreaterThan(7.4e6);
		expect(quality.firstStepAtUs).toBeLessThan(9e6);
		expect(Math.max(...errorsUs.slice(-10))).toBeLessThan(100);
	});

	test("in the middle of a burst is seen, too", () => {
		const { quality } = follow({ ...QUIET, step: { atUs: 8e6 + 400, byUs: 5_000 } }, 20);
		expect(quality).toMatchObject({ steps: 1, failedBursts: 1 });
	});

	test("is none where two bursts differ by less than their bounds", () => {
		const { quality } = follow({ ...QUIET, thereUs: 2_000, step: { atUs: 8.4e6, byUs: 900 } }, 20);
		expect(quality.steps).toBe(0);
	});
});
