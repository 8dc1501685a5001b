import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { readRecord } from "../coordinator/results/recordFile.js";
import { runCli } from "./support/cli.js";
import { startRedis } from "./support/redis.js";
import { expectReported, onlyRun, resultFolder } from "./support/results.js";

const RATE = 5_000;
const WARMUP_S = 1;
const MEASURED_S = 2;

const LOAD = ["--rate", String(RATE), "--workers", "8"];

test.each([1, 4])("at 5,000/s by %d agents each arrival of the plan is sent once, or is counted", async (agents) => {
	const folder = mkdtempSync(join(tmpdir(), "sent-"));
	const preload = join(import.meta.dirname, "support", "preload", "sent.mjs");
	const phases = ["--warmup", `${WARMUP_S}s`, "--duration", `${MEASURED_S}s`];
	const args = ["run", "--engine", "fused", ...LOAD, ...phases, "--agents", String(agents)];
	const cli = await runCli(args, {
		env: { NODE_OPTIONS: `--import ${preload}`, SPOOLTEST_SENT_FOLDER: folder },
		timeoutMs: 55_000,
	});
	expectReported(cli);
	const run = onlyRun(cli.folder);
	const record = (await readRecord(resultFolder(cli.folder))).runs[0];
	const total = { due: 0, sent: 0, notOffered: 0, dropped: 0 };
	const inWindow: number[] = [];
	for (const { index, measurements } of record?.agents ?? []) {
		const { due = 0, sent = 0, notOffered = 0, dropped = 0 } = measurements?.counters ?? {};
		expect(due).toBe(sent + notOffered + dropped);
		total.due += due;
		total.sent += sent;
		total.notOffered += notOffered;
		total.dropped += dropped;
		// Arrival k is due at (k + ½)/λ, and the agent's are k = index, index + N, index + 2N, …: those before a late start are
		// passed over, those still waiting at the end are dropped, and no other is missing.
		const sentAtUs = JSON.parse(readFileSync(join(folder, `${index}.json`), "utf8")) as number[];
		const arrivalOf = (place: number) => index + agents * place;
		const dueUs = (arrival: number) => ((arrival + 0.5) / RATE) * 1e6;
		expect(sentAtUs).toHaveLength(sent);
		const offSchedule = sentAtUs.findIndex((us, at) => Math.abs(us - dueUs(arrivalOf(notOffered + at))) > 0.01);
		expect(offSchedule, `agent ${index}`).toBe(-1);
		inWindow.push(...Array.from({ length: due }, (_, place) => arrivalOf(place)).filter(isMeasured));
	}
	expect(run.offered).toMatchObject(total);
	expect(run.tasks.issued).toBe(total.sent);
	// The schedules of all agents are the plan's.
	const planned = Array.from({ length: RATE * MEASURED_S }, (_, place) => RATE * WARMUP_S + place);
	expect(inWindow.toSorted((a, b) => a - b)).toEqual(planned);
	expect(run.accounting.balanced).toBe(true);
});

function isMeasured(arrival: number): boolean {
	return arrival >= RATE * WARMUP_S && arrival < RATE * (WARMUP_S + MEASURED_S);
}

/** The engine to be tried at the full rate for 20 s: classic or fused. Only a quiet machine can do it. */
const engine = process.env.SPOOLTEST_FULL_RATE;

describe.skipIf(!engine)(
	`at 5,000/s for 20 s${engine ? "" : " (skipped: set SPOOLTEST_FULL_RATE to classic or fused, on a quiet machine)"}`,
	() => {
		test.each([1, 4])(
			"%d agents: what was offered was done, sent in time, and the verdict is VALID",
			async (agents) => {
				const redis = await startRedis();
				onTestFinished(() => redis.stop());
				const args = ["run", "--engine", engine ?? "", ...LOAD, "--duration", "20s", "--agents", String(agents)];
				const cli = await runCli([...args, "--poll-interval", "1ms", "--payload", "100B", "--redis", redis.tcpUrl], {
					timeoutMs: 110_000,
				});
				console.log(cli.stdout);
				const { offered, latency, verdict } = onlyRun(cli.folder);
				console.log(`achieved/offered ${offered?.achievedShare.toFixed(4)}, send lag p99 ${latency.sendLag.p99Us} µs`);
				expect(Math.abs((offered?.achievedShare ?? 0) - 1)).toBeLessThanOrEqual(0.002);
				expect(latency.sendLag.p99Us).toBeLessThan(2_000);
				expect(verdict.validity).toBe("VALID");
				expect(cli.code).toBe(0);
			},
			120_000,
		);
	},
);
