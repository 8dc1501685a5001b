import { mkdtempSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type Process, processesOf } from "./processes.js";

/**
 * A process that a test started and left behind fails the whole run. All tests work in one temporary folder, and so do
 * their children: whoever carries its name in the environment, or works inside it, is one of ours. (redis-server
 * overwrites its environment, but it works in its data folder.) Looks at /proc, so on Linux alone.
 */
export function setup(): () => Promise<void> {
	// In /tmp, because a unix socket's path has to stay below 104 bytes.
	const folder = mkdtempSync("/tmp/sb-");
	process.env.TMPDIR = folder;
	return async () => {
		const leaked = await stillAlive(folder, Date.now() + GRACE_MS);
		for (const { pid } of leaked) tryKill(pid);
		rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
		if (leaked.length === 0) return;
		process.exitCode = 1;
		throw new Error(
			`tests left processes behind:\n${leaked.map(({ pid, command }) => `  ${pid} ${command}`).join("\n")}`,
		);
	};
}

/** Children that are about to end get this long. */
const GRACE_MS = 3_000;

async function stillAlive(folder: string, deadlineMs: number): Promise<readonly Process[]> {
	for (;;) {
		const found = processesOf(folder).filter(({ command }) => !command.includes("/vitest/dist/workers/"));
		if (found.length === 0 || Date.now() > deadlineMs) return found;
		await sleep(50);
	}
}

function tryKill(pid: number): void {
	try {
		process.kill(pid, "SIGKILL");
	} catch {
		// It ended by itself meanwhile.
	}
}
