import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { clockKey, nowUs } from "./clock.js";

test("reads the clock that every process of this host reads", () => {
	const beforeUs = nowUs();
	const script = "process.stdout.write(String(process.hrtime.bigint()))";
	const elsewhereUs = Number(execFileSync(process.execPath, ["-e", script], { encoding: "utf8" })) / 1_000;
	const afterUs = nowUs();
	expect(elsewhereUs).toBeGreaterThan(beforeUs);
	expect(elsewhereUs).toBeLessThan(afterUs);
});

test("stays with that clock, and never goes back", () => {
	const wrong: number[][] = [];
	let lastUs = nowUs();
	for (let round = 0; round < 10_000; round++) {
		const before = Number(process.hrtime.bigint()) / 1_000;
		const readUs = nowUs();
		const after = Number(process.hrtime.bigint()) / 1_000;
		// The two clocks' distance was taken once, between two readings that lay less than this apart.
		if (readUs < before - 20 || readUs > after + 20 || readUs < lastUs) wrong.push([before, readUs, after]);
		lastUs = readUs;
	}
	expect(wrong).toEqual([]);
});

test.runIf(process.platform === "linux")("is named after the kernel's boot and the process's time namespace", () => {
	const kernel = (path: string) => execFileSync("cat", [path], { encoding: "utf8" }).trim().split(/\s+/).join(" ");
	expect(clockKey()).toContain(kernel("/proc/sys/kernel/random/boot_id"));
	expect(clockKey()).toMatch(/^boot:\S+\/monotonic -?\d+ \d+ boottime -?\d+ \d+$/);
	expect(clockKey()).toBe(clockKey());
});
