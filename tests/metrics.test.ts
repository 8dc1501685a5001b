import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { runCli, startCli } from "./support/cli.js";
import { expectReported, onlyRun } from "./support/results.js";

const LOAD = ["run", "--rate", "200", "--warmup", "0s", "--duration", "5s", "--workers", "4", "--agents", "2"];

/** Prometheus' text format: every line is a comment or a sample. */
const COMMENT = /^# (HELP [a-z_]+ \S.*|TYPE [a-z_]+ (counter|gauge|histogram))$/;
const SAMPLE = /^([a-z_]+)(\{(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+\})? (\S+)$/;

interface Scrape {
	/** Of all samples of that name whose labels hold the text; NaN where there is none. */
	sum(name: string, labels?: string): number;
}

function read(text: string): Scrape {
	const lines = text.split("\n");
	expect(lines.pop()).toBe("");
	const samples = lines.flatMap((line) => {
		if (line.startsWith("#")) {
			expect(line).toMatch(COMMENT);
			return [];
		}
		expect(line).toMatch(SAMPLE);
		const [, name = "", labels = "", value] = SAMPLE.exec(line) ?? [];
		return [{ name, labels, value: Number(value) }];
	});
	return {
		sum: (name, part = "") => {
			const found = samples.filter((sample) => sample.name === name && sample.labels.includes(part));
			return found.length === 0 ? Number.NaN : found.reduce((total, { value }) => total + value, 0);
		},
	};
}

test("while a run goes on, Prometheus can follow it: counters that grow, and histograms that add up", async () => {
	const cli = startCli([...LOAD, "--metrics-port", "0"]);
	const { address } = JSON.parse(await cli.waitForLine(/"serving metrics"/)) as { address: string };
	expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
	const scrape = async () => {
		const response = await fetch(`http://${address}/metrics`);
		expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
		return read(await response.text());
	};
	await cli.waitForLine(/"listening"/);
	await expect.poll(async () => (await fetch(`http://${address}/ready`)).status, { timeout: 5_000 }).toBe(200);
	expect((await fetch(`http://${address}/`)).status).toBe(404);
	expect((await fetch(`http://${address}/metrics`, { method: "POST" })).status).toBe(405);
	const measured = "spoolbench_response_time_seconds_count";
	await expect.poll(async () => (await scrape()).sum(measured), { timeout: 20_000, interval: 250 }).toBeGreaterThan(0);
	const first = await scrape();
	expect(first.sum("spoolbench_agents", 'state="alive"')).toBe(2);
	expect(first.sum("spoolbench_run_info", 'phase="measuring"')).toBe(1);
	expect(first.sum("process_resident_memory_bytes")).toBeGreaterThan(1e7);
	const buckets = [0.001, 0.01, 0.1, 1, 300, "+Inf"].map((le) =>
		first.sum("spoolbench_response_time_seconds_bucket", `le="${le}"`),
	);
	expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
	expect(buckets.at(-1)).toBe(first.sum(measured));
	const completed = "spoolbench_tasks_completed_total";
	await expect
		.poll(async () => (await scrape()).sum(completed), { timeout: 10_000, interval: 250 })
		.toBeGreaterThan(first.sum(completed));
	const ended = await cli.exited;
	expectReported(ended);
	expect(first.sum(completed)).toBeLessThan(onlyRun(cli.folder).tasks.completed);
	await expect(fetch(`http://${address}/metrics`)).rejects.toThrow();
});

test("a port that is taken, or none: exit 2 with a sentence, and nothing is left behind", async () => {
	const taken = createServer().listen(0, "127.0.0.1");
	onTestFinished(() => void taken.close());
	await once(taken, "listening");
	const { port } = taken.address() as AddressInfo;
	const cli = await runCli([...LOAD, "--metrics-port", String(port)]);
	expect(cli.code).toBe(2);
	expect(cli.stderr).toContain(`cannot serve metrics on 127.0.0.1:${port}: listen EADDRINUSE`);
	expect(cli.processes()).toEqual([]);
	const wrong = await runCli([...LOAD, "--metrics-port", "high"]);
	expect(wrong.code).toBe(2);
	expect(wrong.stderr).toContain("--metrics-port: expected a port such as 9464");
});
