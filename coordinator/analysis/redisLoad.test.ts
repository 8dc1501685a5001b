import { expect, it } from "vitest";
import { RedisSample } from "../../proto/gen/measurement.js";
import { redisLoadOf } from "./redisLoad.js";

const sample = (fields: Partial<RedisSample>): RedisSample => RedisSample.create(fields);

it("is what changed between the first and the last sample", () => {
	const samples = [
		sample({
			atUs: 0,
			cpuMainUs: 5_000_000,
			commands: 100,
			usedMemoryBytes: 10,
			backlog: [0, 1, 2, 0],
			evictedKeys: 7,
		}),
		sample({
			atUs: 1e6,
			cpuMainUs: 5_100_000,
			commands: 400,
			usedMemoryBytes: 90,
			backlog: [0, 50, 9, 0],
			evictedKeys: 7,
		}),
		sample({
			atUs: 2e6,
			cpuMainUs: 5_500_000,
			commands: 1_100,
			usedMemoryBytes: 40,
			backlog: [0, 3, 0, 0],
			evictedKeys: 7,
		}),
	];
	expect(redisLoadOf(samples, undefined)).toEqual({
		busyShare: 0.25,
		commands: 1_000,
		peakMemoryBytes: 90,
		peakBacklog: 59,
		evictedKeys: 0,
	});
	expect(redisLoadOf(samples, sample({ atUs: 9e6, evictedKeys: 10 })).evictedKeys).toBe(3);
});

it("says nothing where the samples do not tell", () => {
	const nothing = { busyShare: undefined, commands: undefined, evictedKeys: 0 };
	expect(redisLoadOf([], undefined)).toMatchObject({ ...nothing, peakMemoryBytes: undefined, peakBacklog: undefined });
	expect(redisLoadOf([sample({ atUs: 5 })], undefined)).toMatchObject(nothing);
	const untold = [sample({ atUs: 0, cpuMainUs: -1 }), sample({ atUs: 1e6, cpuMainUs: -1 })];
	expect(redisLoadOf(untold, undefined).busyShare).toBeUndefined();
});

it("does not take a restarted server for one that did less than nothing", () => {
	const samples = [
		sample({ atUs: 0, cpuMainUs: 5_000_000, commands: 900 }),
		sample({ atUs: 1e6, cpuMainUs: 10_000, commands: 20 }),
	];
	expect(redisLoadOf(samples, undefined)).toMatchObject({ busyShare: undefined, commands: undefined });
});
