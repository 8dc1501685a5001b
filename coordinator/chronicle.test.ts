import { expect, test } from "vitest";
import { AgentMessage, Hello } from "../proto/gen/cluster.js";
import { host } from "../tests/support/measurements.js";
import { Chronicle } from "./chronicle.js";
import type { Member } from "./fleet/fleet.js";

const member = {
	index: 3,
	joinedAtMs: 100,
	hello: Hello.fromPartial({ agentId: "a", host: host("bench-3") }),
} as Member;
const ready = (ordinal: number) => AgentMessage.fromPartial({ body: { $case: "ready", value: { ordinal } } });

test("what happened is told in order of its times, since the epoch, with agent and host; a thing said twice is told once", () => {
	let nowMs = 200;
	const chronicle = new Chronicle(1, () => nowMs);
	chronicle.heard(member, ready(1), false);
	chronicle.heard(member, ready(1), false);
	chronicle.heard(member, ready(0), false);
	chronicle.joined(member);
	nowMs = 1_500;
	chronicle.phase("measuring");
	chronicle.phase("measuring");
	expect(chronicle.since(1_000)).toEqual([
		{ atUs: -900_000, agent: 3, host: "bench-3", what: "joined" },
		{ atUs: -800_000, agent: 3, host: "bench-3", what: "ready" },
		{ atUs: 500_000, agent: -1, host: "", what: "measuring" },
	]);
});

test("it is bounded", () => {
	const chronicle = new Chronicle(0, () => 0);
	for (let each = 0; each < 20_000; each++) chronicle.note(`event ${each}`);
	expect(chronicle.since(0)).toHaveLength(10_000);
});
