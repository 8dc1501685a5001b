import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { cpuQuotaFiles, readCpuThrottling } from "./cgroup.js";

let root: string;
beforeEach(() => {
	root = mkdtempSync(join(tmpdir(), "cgroup-"));
});
afterEach(() => rmSync(root, { recursive: true }));

function throttling(cgroup: string, files: { readonly [path: string]: string }) {
	for (const [path, text] of Object.entries({ "proc/cgroup": cgroup, ...files })) {
		mkdirSync(dirname(join(root, path)), { recursive: true });
		writeFileSync(join(root, path), `${text}\n`);
	}
	const found = cpuQuotaFiles(join(root, "proc"), join(root, "fs"));
	return found && readCpuThrottling(found);
}

const STAT = "usage_usec 9\nnr_periods 50\nnr_throttled 7\nthrottled_usec 81000";

it("reads a container's own cgroup, version 2", () => {
	expect(throttling("0::/", { "fs/cpu.stat": STAT, "fs/cpu.max": "150000 100000" })).toEqual({
		quotaCpus: 1.5,
		periods: 50,
		throttledPeriods: 7,
		throttledUs: 81_000,
	});
});

it("takes of a cgroup and those around it the one that was stopped the most", () => {
	const read = throttling("0::/slice/pod/box", {
		"fs/cpu.stat": "usage_usec 1",
		"fs/slice/cpu.stat": STAT,
		"fs/slice/cpu.max": "20000 10000",
		"fs/slice/pod/cpu.stat": "nr_periods 60\nnr_throttled 2\nthrottled_usec 5",
		"fs/slice/pod/box/cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_usec 0",
		"fs/slice/pod/box/cpu.max": "max 100000",
	});
	expect(read).toMatchObject({ quotaCpus: 2, throttledPeriods: 7 });
});

it("reads version 1, by a path of the host that the container does not see, in ns and without a quota", () => {
	const read = throttling("5:cpu,cpuacct:/kubepods/pod1/abc\n0::/", {
		"fs/cpu,cpuacct/cpu.stat": "nr_periods 3\nnr_throttled 1\nthrottled_time 2500000",
		"fs/cpu,cpuacct/cpu.cfs_quota_us": "-1",
		"fs/cpu,cpuacct/cpu.cfs_period_us": "100000",
	});
	expect(read).toEqual({ quotaCpus: 0, periods: 3, throttledPeriods: 1, throttledUs: 2_500 });
});

it.each([
	["no cgroup at all", "", {}],
	["a cgroup without the CPU controller", "0::/a", { "fs/a/cpu.stat": "usage_usec 12" }],
	["a file that says something else", "0::/", { "fs/cpu.stat": "nr_periods x\nnr_throttled 1\nthrottled_usec 2" }],
])("knows nothing of %s", (_, cgroup, files) => {
	expect(throttling(cgroup, files)).toBeUndefined();
});

/** Made by hand where the kernel's controller of version 1 may be written to. */
function makeCgroup(): string | undefined {
	const folder = `/sys/fs/cgroup/cpu/spool-bench-${process.pid}`;
	try {
		mkdirSync(folder);
		writeFileSync(join(folder, "cpu.cfs_quota_us"), "20000");
		return folder;
	} catch {
		return undefined;
	}
}

it("sees the kernel stop a process of a fifth of a core that wants a whole one", async ({ skip }) => {
	const folder = makeCgroup();
	if (folder === undefined) return skip("cgroups of version 1 cannot be made here");
	const spinning = spawn(process.execPath, ["-e", "for (;;);"]);
	const files = { version: 1, folders: [folder] } as const;
	try {
		writeFileSync(join(folder, "cgroup.procs"), String(spinning.pid));
		await expect.poll(() => readCpuThrottling(files)?.throttledPeriods, { timeout: 20_000 }).toBeGreaterThan(2);
		expect(readCpuThrottling(files)).toMatchObject({ quotaCpus: 0.2 });
	} finally {
		spinning.kill("SIGKILL");
		await new Promise((ended) => spinning.once("close", ended));
		rmdirSync(folder);
	}
});
