import { gzipSync } from "node:zlib";
import { fc, test as property } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { analysisText } from "./analysisText.js";
import { categoryOf, categoryShares } from "./categories.js";
import { diffSvg, diffText, functionChanges, pairProfiles } from "./diff.js";
import { flameSvg } from "./flame.js";
import { layOut } from "./flameLayout.js";
import { foldStacks } from "./fold.js";
import { ProfileMerger } from "./merge.js";
import { keyOf, readPprof, writePprof } from "./pprof.js";
import { type Frame, framesOf, ProfileError, type StackProfile, totalOf } from "./stackProfile.js";
import { stageLabel } from "./stage.js";
import { functionFigures, topFunctions } from "./top.js";

const frame = (name: string, file = "", line = 0): Frame => ({ name, file, line });
const MAIN = frame("main", "agent/main.ts", 1);
const SEND = frame("enqueue", "agent/spool/classic.ts", 45);
const WRITE = frame("write", "node:net", 3);
const REDIS = frame("sendCommand", "node_modules/ioredis/built/Redis.js", 9);
const IDLE = frame("(idle)");

type Stack = readonly [frames: readonly Frame[], count: number, cpuNs: number];

/** @param stacks the innermost function first */
function profileOf(stacks: readonly Stack[], comments: readonly string[] = []): StackProfile {
	const frames = [...new Map(stacks.flatMap(([all]) => all).map((each) => [keyOf(each), each])).values()];
	const indexes = new Map(frames.map((each, index) => [keyOf(each), index]));
	return {
		valueTypes: [
			{ type: "sample", unit: "count" },
			{ type: "cpu", unit: "nanoseconds" },
		],
		defaultValue: 1,
		frames,
		samples: stacks.map(([all, ...values]) => ({
			stack: all.map((each) => indexes.get(keyOf(each)) as number),
			values,
			labels: new Map(),
		})),
		durationNs: 1e9,
		comments,
	};
}

const BASE = profileOf([
	[[WRITE, REDIS, SEND, MAIN], 3, 30e6],
	[[SEND, MAIN], 1, 10e6],
	[[MAIN], 2, 20e6],
	[[MAIN, SEND, MAIN], 4, 40e6],
	[[IDLE], 5, 0],
]);

/** What a profile holds, whatever its tables look like. */
function contents(profile: StackProfile): string[] {
	return profile.samples
		.map((sample) => JSON.stringify([framesOf(profile, sample), sample.values, Object.fromEntries(sample.labels)]))
		.sort();
}

describe("pprof", () => {
	it("reads what it wrote", () => {
		const merger = new ProfileMerger();
		merger.add(BASE, new Map([["agent", "3"]]));
		const profile = merger.merged(["tasks=7"]) as StackProfile;
		const read = readPprof(writePprof(profile, 5n));
		expect(contents(read)).toEqual(contents(profile));
		const { valueTypes, defaultValue, durationNs, comments } = profile;
		expect(read).toMatchObject({ valueTypes, defaultValue, durationNs, comments });
	});

	it.each([
		["nothing", Buffer.alloc(0), /empty/],
		["text", Buffer.from("hello, this is text"), /no profile/],
		["a gzip of text", gzipSync("hello, this is text"), /no profile/],
		["half a gzip", Buffer.from(writePprof(BASE, 0n)).subarray(0, 40), /damaged/],
		["JSON", Buffer.from('{"nodes":[]}'), /no profile/],
	])("refuses %s in a sentence", (_, bytes, message) => {
		expect(() => readPprof(bytes)).toThrow(ProfileError);
		expect(() => readPprof(bytes)).toThrow(message);
	});

	it("unpacks no more than it may", () => {
		expect(() => readPprof(gzipSync(Buffer.alloc(10_000)), 9_999)).toThrow(/damaged/);
		expect(() => readPprof(Buffer.alloc(10_000), 9_999)).toThrow(/larger/);
	});
});

const names = fc.constantFrom("a", "b", "c", "d").map((name) => frame(name, "agent/x.ts", 1));
const stacks = fc.array<Stack>(
	fc.tuple(fc.array(names, { minLength: 1, maxLength: 6 }), fc.nat(100), fc.nat(1_000_000)),
	{ minLength: 1, maxLength: 20 },
);

describe("merging", () => {
	property.prop([fc.array(stacks, { minLength: 1, maxLength: 4 })])(
		"loses and invents nothing, in any order",
		(parts) => {
			const merge = (profiles: readonly StackProfile[]) => {
				const merger = new ProfileMerger();
				for (const profile of profiles) merger.add(profile);
				return merger.merged() as StackProfile;
			};
			const profiles = parts.map((part) => profileOf(part));
			const merged = merge(profiles);
			for (const value of [0, 1]) {
				expect(totalOf(merged, value)).toBe(profiles.reduce((sum, profile) => sum + totalOf(profile, value), 0));
			}
			expect(contents(merge(profiles.toReversed()))).toEqual(contents(merged));
			expect(new Set(merged.samples.map(({ stack }) => stack.join())).size).toBe(merged.samples.length);
			expect(merged.durationNs).toBe(profiles.length * 1e9);
		},
	);

	it("keeps agents apart by label, and adds up one agent's parts", () => {
		const merger = new ProfileMerger(stageLabel);
		for (const agent of ["0", "1", "1"]) merger.add(profileOf([[[SEND, MAIN], 1, 10]]), new Map([["agent", agent]]));
		expect(merger.merged()?.samples.map(({ labels, values }) => [Object.fromEntries(labels), values])).toEqual([
			[{ stage: "enqueue", agent: "0" }, [1, 10]],
			[{ stage: "enqueue", agent: "1" }, [2, 20]],
		]);
	});

	it("refuses other values, and is empty where nothing came", () => {
		const merger = new ProfileMerger();
		expect(merger.merged()).toBeUndefined();
		merger.add(BASE);
		expect(() => merger.add({ ...BASE, valueTypes: [{ type: "x", unit: "y" }] })).toThrow(/other values: x\/y/);
		expect(totalOf(merger.merged() as StackProfile, 1)).toBe(100e6);
	});
});

it("counts a function flat where it is innermost, and once for each stack that it is in", () => {
	const figures = functionFigures(BASE, 1);
	const of = (wanted: Frame) => figures.find(({ frame: each }) => each === wanted);
	expect(of(MAIN)).toMatchObject({ flat: 60e6, cumulative: 100e6 });
	expect(of(SEND)).toMatchObject({ flat: 10e6, cumulative: 80e6 });
	expect(of(REDIS)).toMatchObject({ flat: 0, cumulative: 30e6 });
	expect(topFunctions(figures, "flat", 2).map(({ frame: each }) => each.name)).toEqual(["main", "write"]);
	expect(topFunctions(figures, "cumulative", 9).map(({ frame: each }) => each.name)).toEqual([
		"main",
		"enqueue",
		"sendCommand",
		"write",
	]);
});

it("gives Node's functions to whoever called them", () => {
	expect(categoryOf([WRITE, REDIS, SEND, MAIN])).toBe("Redis client");
	expect(categoryOf([WRITE, SEND])).toBe("queue");
	expect(categoryOf([WRITE])).toBe("Node.js");
	expect(categoryOf([frame("encodeTask", "agent/spool/task.ts", 1)])).toBe("JSON");
	expect(categoryOf([frame("Garbage Collection"), frame("Node.js")])).toBe("garbage collection");
	expect(categoryOf([frame("elsewhere", "main.go", 1)])).toBe("other");
	expect(categoryOf([])).toBe("other");
	expect(categoryShares(BASE, 1)).toEqual([
		{ category: "agent", value: 60e6 },
		{ category: "Redis client", value: 30e6 },
		{ category: "queue", value: 10e6 },
	]);
});

it("folds stacks from the outermost function and lays them out by their share", () => {
	const root = foldStacks([{ profile: BASE, value: 1, scale: 1 }], keyOf);
	expect(root.totals).toEqual([100e6]);
	expect(root.children.map(({ frame: each, totals }) => [each?.name, totals[0]])).toEqual([["main", 100e6]]);
	const { boxes, rows } = layOut(root, ({ totals }) => totals[0] ?? 0, 1_000, 150);
	expect(rows).toBe(5);
	expect(boxes.map(({ x, width, row, path }) => [path[0]?.name, x, width, row])).toEqual([
		[undefined, 0, 1_000, 0],
		["main", 0, 1_000, 1],
		["enqueue", 0, 800, 2],
		["main", 0, 400, 3],
		["sendCommand", 400, 300, 3],
		["write", 400, 300, 4],
	]);
});

describe("what is printed", () => {
	it("has shares by category and both tables", () => {
		const text = analysisText("quick", { ...BASE, comments: ["tasks=100"] }, 1, 3);
		expect(text).toContain("100 ms of CPU time, 10% of the time, 1.00 ms a task, 1.00 s profiled in all");
		expect(text).toMatch(/^agent +60.0 ms +60%$/m);
		expect(text).toMatch(/^60.0 ms +60% +60% +100 ms +100% +main +agent\/main.ts:1$/m);
		expect(text.match(/sendCommand/g)).toHaveLength(1);
	});

	it("draws names that XML would take for its own, and says the figures in tooltips", () => {
		const evil = frame('<script>&"\u0007', "a&b.ts", 2);
		const svg = flameSvg("t", profileOf([[[evil], 1, 5e6]]), 1);
		expect(svg).toContain("<title>&lt;script&gt;&amp;&quot;   a&amp;b.ts:2\n5.00 ms (100%), itself 5.00 ms (100%)");
		expect(svg).not.toMatch(/<script|https?:(?!\/\/www\.w3\.org\/2000\/svg)/);
		expect(svg).not.toContain("\u0007");
	});
});

describe("a difference", () => {
	const slower = profileOf([
		[[WRITE, REDIS, SEND, frame("main", "agent/main.ts", 2)], 3, 90e6],
		[[frame("main", "agent/main.ts", 2)], 2, 20e6],
	]);

	it("is by task where both profiles know theirs, and takes a function that moved for the same", () => {
		const pair = pairProfiles({ ...BASE, comments: ["tasks=100"] }, { ...slower, comments: ["tasks=50"] }, undefined);
		expect(pair).toMatchObject({ type: "cpu", unit: "nanoseconds", per: "task" });
		expect(functionChanges(pair).map(({ frame: { name }, flat }) => [name, ...flat])).toEqual([
			["write", 3e5, 18e5],
			["main", 6e5, 4e5],
			["enqueue", 1e5, 0],
			["(idle)", 0, 0],
			["sendCommand", 0, 0],
		]);
		expect(diffText(pair)).toContain("1.00 ms → 2.20 ms of CPU time a task (+120%)");
		expect(diffText(pair)).toMatch(/^ +300 µs +1.80 ms +\+1.50 ms +\+1.50 ms +write +node:net:3$/m);
		const svg = diffSvg("d", pair);
		expect(svg).toContain("<title>write  node:net:3\n300 µs → 1.80 ms (+500%)</title>");
	});

	it("is by share where one does not", () => {
		const pair = pairProfiles(BASE, { ...slower, comments: ["tasks=50"] }, "cpu");
		expect(pair.per).toBe("whole");
		const [first] = functionChanges(pair);
		expect(first?.flat[0]).toBeCloseTo(0.3);
		expect(first?.flat[1]).toBeCloseTo(90 / 110);
	});

	it("is refused where a value is missing or nothing", () => {
		expect(() => pairProfiles(BASE, slower, "wall")).toThrow(/no value wall in it; it has sample, cpu/);
		expect(() => pairProfiles(BASE, profileOf([[[IDLE], 1, 0]]), undefined)).toThrow(/holds no CPU time/);
	});
});
