import { describe, expect, test } from "vitest";
import { Engine, Slice } from "../proto/gen/slice.js";
import { admitSlice, type Caps, CapsError } from "./caps.js";

const FREE: Caps = {
	maxRatePerSecond: undefined,
	maxConnections: undefined,
	maxDurationMs: undefined,
	maxPayloadBytes: undefined,
	keyPrefixes: undefined,
	targets: new Map(),
	allowFaults: false,
};
const target = { url: "redis://u:secret@h", keyPrefix: "bench:a:" };
const workers = { count: 1, concurrency: 4 };
const segment = { durationMs: 4_000, fromPerSecond: 100, toPerSecond: 200, sinePerSecond: 50, sinePeriodMs: 1_000 };
const openValue = { profile: [segment, { ...segment, toPerSecond: 0, sinePerSecond: 0 }], shareCount: 2 };
const open = Slice.fromPartial({ target, workers, load: { kind: { $case: "open", value: openValue } } });
const closed = Slice.fromPartial({ target, workers, load: { kind: { $case: "taskCount", value: { total: 5 } } } });
const payload = Slice.fromPartial({ target, task: { payload: [{ mostBytes: 10 }, { mostBytes: 900 }] } });
const faulty = Slice.fromPartial({ target, faults: { stallForMs: 1 } });
const fused = { ...open, engine: Engine.FUSED };

const admit = (slice: Slice, caps: Partial<Caps>) => () => admitSlice(slice, { ...FREE, ...caps });

test("without caps everything is let in as it is", () => {
	for (const slice of [open, closed, payload]) expect(admit(slice, {})()).toEqual(slice);
});

describe("each cap, just met and just passed", () => {
	test.each<[string, Slice, Partial<Caps>, Partial<Caps>, RegExp]>([
		["rate", open, { maxRatePerSecond: 125 }, { maxRatePerSecond: 124.9 }, /sends 125 tasks\/s, .* 124\.9/],
		["duration", open, { maxDurationMs: 8_000 }, { maxDurationMs: 7_999 }, /for 8000 ms/],
		["connections", open, { maxConnections: 3 }, { maxConnections: 2 }, /opens 3 connections/],
		["connections, fused", fused, { maxConnections: 8 }, { maxConnections: 7 }, /opens 8 connections/],
		["payload", payload, { maxPayloadBytes: 900 }, { maxPayloadBytes: 899 }, /900 bytes/],
		["faults", faulty, { allowFaults: true }, { allowFaults: false }, /plants faults, which only a self-test may/],
		["prefix", open, { keyPrefixes: ["x", "bench:"] }, { keyPrefixes: ["benchmark:"] }, /begins with none of/],
	])("%s", (_, slice, met, passed, message) => {
		admit(slice, met)();
		expect(admit(slice, passed)).toThrow(CapsError);
		expect(admit(slice, passed)).toThrow(message);
	});
});

test("what has no bound of its own is beyond any cap", () => {
	expect(admit(closed, { maxRatePerSecond: 1e9 })).toThrow(/closed loop/);
	expect(admit(closed, { maxDurationMs: 1e9 })).toThrow(/no time limit/);
});

test("aliases are resolved; with targets of its own an agent takes no other, and shows no password", () => {
	const targets = new Map([["home", "redis://:pw@127.0.0.1"]]);
	const named = { ...open, target: { ...target, url: "alias:home" } };
	expect(admit(named, { targets })().target?.url).toBe("redis://:pw@127.0.0.1");
	expect(admit(named, {})).toThrow(/target home is not among this agent's \(it has none\)/);
	expect(admit(open, { targets })).toThrow(/target is redis:\/\/u:\*\*\*@h, where only these are allowed: home/);
});
