import { expect, test } from "vitest";
import { RunEvent } from "../../proto/gen/record.js";
import { simulatedRecord } from "../../tests/support/records.js";
import { renderTimeline } from "./timeline.js";

function timelineOf(agents: number, events: readonly RunEvent[]): string[] {
	const record = simulatedRecord([{ agents }]);
	for (const run of record.runs) run.events = [...events];
	return renderTimeline(record).trimEnd().split("\n");
}

const event = (atUs: number, agent: number, what: string) =>
	RunEvent.create({ atUs, agent, host: agent < 0 ? "" : `bench-${agent}`, what });

test("each line has its time, the run's ID, the agent and its host; they are in order", () => {
	const lines = timelineOf(2, [
		event(-1_500_000, 0, "joined"),
		event(2_000_000, 1, "lost: \u001b[2Jredis://u:secret@h/"),
		event(100, -1, "running"),
	]);
	expect(lines).toEqual([
		expect.stringMatching(/^2026-01-31T11:59:59\.500Z {5}−1\.500 s {2}0badcafe-0 {2}agent 0 \(bench-0\) {2}joined$/),
		expect.stringMatching(/\+0\.000 s {2}0badcafe-0 {2}run {2}epoch/),
		expect.stringMatching(/\+0\.000 s {2}0badcafe-0 {2}run {2}running$/),
		expect.stringMatching(/\+2\.000 s {2}0badcafe-0 {2}agent 1 \(bench-1\) {2}lost: /),
	]);
	for (const secret of ["secret", "\u001b"]) expect(lines.join("\n")).not.toContain(secret);
});

test("what hundreds of agents do alike shares a line, with the time that it took", () => {
	const lines = timelineOf(
		1,
		Array.from({ length: 500 }, (_, agent) => event(-5_000_000 + agent * 1_000, agent, "ready")),
	);
	expect(lines).toHaveLength(2);
	expect(lines[0]).toMatch(/−4\.501 s {2}0badcafe-0 {2}500 agents {2}ready, over 499 ms$/);
});

test("a record without events, of an older version, has its epoch still", () => {
	expect(timelineOf(1, [])).toEqual([expect.stringMatching(/epoch: the load begins$/)]);
});
