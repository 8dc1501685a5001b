import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { PlanStatus } from "../proto/gen/telemetry.js";
import { TelemetryPublisher } from "../proto/telemetryPublisher.js";
import { planSubject } from "../proto/telemetrySubjects.js";
import { runCli, startCli } from "./support/cli.js";
import { writeIdentities } from "./support/identities.js";
import { findNatsServer, startNats, type TestNats } from "./support/nats.js";
import { expectReported, onlyRun, readReport, resultFolder } from "./support/results.js";

const found = findNatsServer();
const program = "program" in found ? found.program : "";
const why = "missing" in found ? ` (skipped: ${found.missing})` : "";
const RATE = 200;
const LOAD = ["run", "--rate", String(RATE), "--warmup", "0s", "--workers", "4", "--agents", "2"];
/** A line of the live view while it measures: what it says of tasks done, rate, times and agents. */
const MEASURING =
	/^custom: measuring, ([\d,]+) tasks \(\d+%\), [\d.,]+ tasks\/s, p50 .* p99 .*, agents 2\/2, errors 0, /;
const OVER = /^([0-9a-f]{8}) is over: exit code [03] \(/m;

function measured(stdout: string): number[] {
	return stdout.split("\n").flatMap((line) => {
		const tasks = MEASURING.exec(line)?.[1];
		return tasks === undefined ? [] : [Number(tasks.replaceAll(",", ""))];
	});
}

describe.skipIf("missing" in found)(`coordinator watch${why}`, () => {
	let nats: TestNats;
	beforeAll(async () => {
		nats = await startNats(program);
	});
	afterAll(() => nats?.stop());

	test("onlookers early and late, over TLS and with a login, see a run of another process; nobody reads the password", async () => {
		const { ca, server } = await writeIdentities();
		const secure = await startNats(
			program,
			`tls { cert_file: "${server.cert}", key_file: "${server.key}" }
			authorization { users = [{ user: bench, password: "hunter2secret" }] }`,
		);
		onTestFinished(() => secure.stop());
		const url = `tls://bench:hunter2secret@${secure.address}?ca=${ca}`;
		const env = { SPOOLBENCH_NATS: url };
		const early = startCli(["watch"], { env });
		await early.waitForLine(/^waiting for a run that publishes on/);
		const run = startCli([...LOAD, "--duration", "8s", "--log-level", "trace", "--nats", url]);
		const { execution } = JSON.parse(await run.waitForLine(/"telemetry: publishing to /)) as { execution: string };
		await run.waitForLine(MEASURING);
		const commands = run.processes().filter(({ command }) => command.includes("agent/main.js"));
		expect(commands).toHaveLength(2);
		const late = startCli(["watch", "--run", `${execution}-0`], { env });
		const [seenEarly, seenLate, ended] = await Promise.all([early.exited, late.exited, run.exited]);
		expectReported(ended);
		const { completed } = onlyRun(run.folder).tasks;
		for (const seen of [seenEarly, seenLate]) {
			expect(seen).toMatchObject({ code: 0, stderr: expect.stringMatching(OVER) });
			expect(OVER.exec(seen.stderr)?.[1]).toBe(execution);
			const tasks = measured(seen.stdout);
			expect(tasks).toEqual(tasks.toSorted((a, b) => a - b));
			expect(tasks.at(-1)).toBeGreaterThan(0);
			// The last status is of the whole run.
			expect(seen.stdout.trimEnd().split("\n").at(-1)).toContain(`, ${completed.toLocaleString("en")} tasks (100%), `);
		}
		const written = ["report.json", "SUMMARY.md", "report.html"].map((name) =>
			readFileSync(join(resultFolder(run.folder), name), "utf8"),
		);
		const said = [seenEarly, seenLate, ended].flatMap(({ stdout, stderr }) => [stdout, stderr]);
		for (const text of [...commands.map(({ command }) => command), ...written, ...said])
			expect(text).not.toContain("hunter2secret");
		expect(written[0]).toContain("--nats tls://***@");
	});

	test("a server that is killed and comes back changes nothing in the run; what was not published is counted", async () => {
		const own = await startNats(program);
		onTestFinished(() => own.stop());
		const url = `nats://${own.address}`;
		const seconds = 8;
		const run = startCli([...LOAD, "--duration", `${seconds}s`, "--nats", url]);
		const watch = startCli(["watch", "--nats", url, "--wait", "30s"]);
		await watch.waitForLine(MEASURING);
		await own.kill();
		await Promise.all([
			run.waitForLine(/"agent":1,.*cannot connect to .*nobody listens there/),
			watch.waitForLine(/the connection to nats:.* broke.*; trying again/),
		]);
		await own.start();
		await watch.waitForLine(/^connected to nats:.* again$/);
		const [seen, ended] = await Promise.all([watch.exited, run.exited]);
		expectReported(ended);
		const { tasks, verdict } = onlyRun(run.folder);
		expect(tasks.completed).toBeGreaterThanOrEqual(seconds * RATE);
		expect(tasks.lost).toBe(0);
		expect(JSON.stringify([verdict, readReport(resultFolder(run.folder)).verdict])).not.toMatch(/nats|telemetry/i);
		expect(seen).toMatchObject({ code: 0, stderr: expect.stringMatching(OVER) });
		const ends = ended.stderr.split("\n").filter((line) => line.includes('"telemetry ended"'));
		expect(ends).toHaveLength(3);
		for (const line of ends) {
			const { published, dropped } = JSON.parse(line) as { published: number; dropped: number };
			expect(published).toBeGreaterThan(0);
			expect(dropped).toBeGreaterThanOrEqual(0);
		}
	});

	test("an agent with targets of its own publishes to no server that the coordinator names", async () => {
		const url = `nats://${nats.address}`;
		const watch = startCli(["watch", "--nats", url]);
		await watch.waitForLine(/^waiting for a run/);
		const env = { SPOOLBENCH_JOIN_TOKEN: "t".repeat(64) };
		const plan = ["--tasks", "50", "--redis", "alias:here"];
		const run = startCli(["run", ...plan, "--listen", "127.0.0.1:0", "--nats", url], { env });
		const { address } = JSON.parse(await run.waitForLine(/"listening"/)) as { address: string };
		const agent = await runCli(["--coordinator", address], {
			program: "agent",
			env: { ...env, SPOOLBENCH_TARGET_HERE: "redis://127.0.0.1:1" },
		});
		expect(agent.stderr).toContain("this agent dials only what its own configuration names");
		expect(agent.stderr).not.toContain("publishing to");
		const { code } = await run.exited;
		expect(code).not.toBe(0);
		expect((await watch.exited).stderr).toMatch(new RegExp(`^[0-9a-f]{8} is over: exit code ${code} `, "m"));
	});

	test("several plans are told apart, none is waited for longer than said, and an interrupt ends it", async () => {
		const url = `nats://${nats.address}`;
		const waits = await Promise.all([
			runCli(["watch", "--nats", url, "--wait", "100ms"]),
			runCli(["watch", "--nats", url, "--wait", "100ms", "--run", "0a1b2c3d"]),
		]);
		expect(waits).toMatchObject([
			{ code: 5, stderr: expect.stringContaining(`no run was heard on ${url} within 0.1 s`) },
			{ code: 5, stderr: expect.stringContaining("nothing of 0a1b2c3d was heard on") },
		]);
		for (const [name, execution] of [
			["one", "11111111"],
			["two", "22222222"],
		] as const) {
			const publisher = new TelemetryPublisher({ url, name, onNotice: () => {} });
			let sequence = 0;
			const beat = setInterval(() => {
				const counts = { agentsAlive: 3, agentsTotal: 3, runCount: 1, tasks: 10 };
				const status = PlanStatus.create({ sequence: ++sequence, name, phase: "preparing", ...counts });
				publisher.offer(planSubject(execution), PlanStatus.encode(status).finish());
			}, 100);
			onTestFinished(async () => {
				clearInterval(beat);
				await publisher.close();
			});
		}
		const both = await runCli(["watch", "--nats", url]);
		expect(both.code).toBe(2);
		expect(both.stderr).toContain("2 plans are under way; choose one:\n  --run ");
		expect(both.stderr).toContain("  --run 22222222   two, preparing, 3 agents\n");
		const watch = startCli(["watch", "--nats", url, "--run", "22222222"]);
		expect(await watch.waitForLine(/./)).toBe("two: preparing, agents 3/3");
		watch.kill("SIGINT");
		expect((await watch.exited).code).toBe(4);
	});
});

test("what cannot be: exit 2 with a sentence that holds no password", async () => {
	const wrong: readonly (readonly [readonly string[], string])[] = [
		[["watch"], "--nats: expected a URL such as nats://127.0.0.1:4222"],
		[
			["watch", "--nats", "nats://host", "--run", "a b", "--wait", "soon"],
			"--run: expected a run's ID such as 0a1b2c3d",
		],
		[["run", "--nats", "nats://user:s3cret@host/subject"], "--nats: expected nothing after the host"],
		[["watch", "--nats", "nats://s3cret@127.0.0.1:1"], "cannot connect to nats://127.0.0.1:1: nobody listens there"],
	];
	const results = await Promise.all(wrong.map(([args]) => runCli(args)));
	for (const [index, { code, stderr }] of results.entries()) {
		expect(code).toBe(2);
		expect(stderr).toContain(wrong[index]?.[1]);
		expect(stderr).not.toContain("s3cret");
	}
});
