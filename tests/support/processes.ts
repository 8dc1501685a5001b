import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Process {
	readonly pid: number;
	readonly parentPid: number;
	readonly command: string;
}

/** Whether a process runs. One that has ended and that nobody has waited for does not. */
export function isRunning(pid: number): boolean {
	return allProcesses().some((process) => process.pid === pid);
}

/** The children of a process, their children too. */
export function childrenOf(pid: number): readonly Process[] {
	const all = allProcesses();
	const below = (parentPid: number): readonly Process[] =>
		all.filter((process) => process.parentPid === parentPid).flatMap((child) => [child, ...below(child.pid)]);
	return below(pid);
}

/**
 * The processes, but this one, that work inside a folder or carry its name in their environment: whoever started them, and
 * also when that one has ended. (redis-server overwrites its environment, but works in its data folder.) Linux alone.
 */
export function processesOf(folder: string): readonly Process[] {
	if (!existsSync("/proc/self/stat")) return [];
	return fromProc().filter(({ pid }) => {
		try {
			if (pid === process.pid) return false;
			if (readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)) return true;
			return readFileSync(`/proc/${pid}/environ`, "utf8").includes(folder);
		} catch {
			return false; // It ended while we looked, or belongs to someone else.
		}
	});
}

function allProcesses(): readonly Process[] {
	return existsSync("/proc/self/stat") ? fromProc() : fromPs();
}

/** Linux; a small image has no ps. */
function fromProc(): readonly Process[] {
	return readdirSync("/proc")
		.filter((name) => /^\d+$/.test(name))
		.flatMap((pid) => {
			try {
				// "pid (name) state parent …", and the name may hold anything.
				const [, state, parentPid] = /.*\) (\S) (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
				if (state === "Z" || state === "X" || parentPid === undefined) return [];
				const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
				return [{ pid: Number(pid), parentPid: Number(parentPid), command }];
			} catch {
				return []; // It ended while we looked.
			}
		});
}

function fromPs(): readonly Process[] {
	return execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat=,args="], { encoding: "utf8" })
		.split("\n")
		.flatMap((line) => {
			const [, pid, parentPid, state, command] = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line) ?? [];
			if (state === undefined || command === undefined || state.startsWith("Z")) return [];
			return [{ pid: Number(pid), parentPid: Number(parentPid), command }];
		});
}
