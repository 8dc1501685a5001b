import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { CpuThrottling } from "./gen/measurement.js";

/** The files that tell of a cgroup's CPU quota, and of those around it, which bind as well. */
export interface CpuQuotaFiles {
	readonly version: 1 | 2;
	/** Innermost first. */
	readonly folders: readonly string[];
}

/**
 * Where this process's cgroups, its own and those around it, tell of CPU quotas: kernel documentation, `cgroup-v2.rst`
 * (CPU) and `sched-bwc.rst`. In a container the path that the kernel names may be one of the host that is not to be seen
 * from inside; the mount's root is then the container's own.
 *
 * @param proc `/proc/self`
 * @returns undefined where no cgroup tells, as outside Linux
 */
export function cpuQuotaFiles(proc = "/proc/self", mount = "/sys/fs/cgroup"): CpuQuotaFiles | undefined {
	const lines = readLines(join(proc, "cgroup")).map(
		(line) => /^\d+:(?<controllers>[^:]*):(?<path>.*)$/.exec(line)?.groups,
	);
	const v1 = lines.find((groups) => groups?.controllers?.split(",").includes("cpu"));
	const v2 = lines.find((groups) => groups?.controllers === "");
	const candidates: [1 | 2, string, string | undefined][] = [
		[1, join(mount, "cpu"), v1?.path],
		[1, join(mount, "cpu,cpuacct"), v1?.path],
		[2, mount, v2?.path],
	];
	for (const [version, root, path] of candidates) {
		if (path === undefined) continue;
		const folders = upwards(root, path).filter((folder) => throttlingIn(folder, version) !== undefined);
		if (folders.length > 0) return { version, folders };
	}
	return undefined;
}

/** Since the cgroup was made. Of several cgroups with a quota the one that was stopped the most counts. */
export function readCpuThrottling({ version, folders }: CpuQuotaFiles): CpuThrottling | undefined {
	const all = folders.flatMap((folder) => throttlingIn(folder, version) ?? []);
	const [tightest] = all.toSorted((a, b) => b.throttledPeriods - a.throttledPeriods || b.periods - a.periods);
	return tightest;
}

function upwards(root: string, path: string): string[] {
	const folders = [];
	for (let at = path; at !== "/" && at !== "."; at = dirname(at)) folders.push(join(root, at));
	return [...folders, root];
}

function throttlingIn(folder: string, version: 1 | 2): CpuThrottling | undefined {
	const figures = new Map(readLines(join(folder, "cpu.stat")).map((line) => line.split(" ") as [string, string]));
	const figure = (name: string) => Number(figures.get(name));
	const [periods, throttledPeriods] = [figure("nr_periods"), figure("nr_throttled")];
	const throttledUs = version === 2 ? figure("throttled_usec") : figure("throttled_time") / 1_000;
	if (![periods, throttledPeriods, throttledUs].every(Number.isFinite)) return undefined;
	return CpuThrottling.create({ quotaCpus: quotaCpus(folder, version), periods, throttledPeriods, throttledUs });
}

/** Without a quota v2 says `max`, and v1 -1. */
function quotaCpus(folder: string, version: 1 | 2): number {
	const [quota, period] =
		version === 2
			? (readLines(join(folder, "cpu.max"))[0] ?? "").split(" ")
			: ["cpu.cfs_quota_us", "cpu.cfs_period_us"].map((name) => readLines(join(folder, name))[0]);
	const cpus = Number(quota) / Number(period);
	return Number.isFinite(cpus) && cpus > 0 ? cpus : 0;
}

function readLines(path: string): string[] {
	try {
		return readFileSync(path, "utf8").trimEnd().split("\n");
	} catch {
		return [];
	}
}
