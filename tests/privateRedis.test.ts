import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Process, processesOf } from "./support/processes.js";

const MODULE = join(import.meta.dirname, "..", "dist", "coordinator", "fleet", "privateRedis.js");
const OWNER = `
import { startPrivateRedis } from ${JSON.stringify(MODULE)};
const redis = await startPrivateRedis({});
console.log(redis.url);
setInterval(() => {}, 1_000);
`;

let folder: string;
let owner: ChildProcess;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), "owner-"));
	owner = spawn(process.execPath, ["--input-type=module", "-e", OWNER], {
		env: { ...process.env, TMPDIR: folder },
		stdio: ["ignore", "pipe", "inherit"],
		detached: true,
	});
	await once(owner.stdout as NodeJS.ReadableStream, "data");
});

afterEach(() => {
	owner.kill("SIGKILL");
});

test("a coordinator that is killed leaves no server and no folder", async () => {
	expect(servers()).toHaveLength(1);
	owner.kill("SIGKILL");
	await vi.waitFor(
		() => {
			expect(processesOf(folder)).toEqual([]);
			expect(readdirSync(folder)).toEqual([]);
		},
		{ timeout: 20_000 },
	);
});

test("the terminal's Ctrl-C, sent to a whole process group, does not reach the server", () => {
	expect(processGroup(owner.pid as number)).toBe(owner.pid);
	expect(servers().map(({ pid }) => processGroup(pid))).toEqual([expect.not.toBeOneOf([owner.pid])]);
});

function servers(): readonly Process[] {
	return processesOf(folder).filter(({ command }) => /^\S*(redis|valkey)-server/.test(command));
}

function processGroup(pid: number): number {
	return Number(/.*\) \S \d+ (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8"))?.[1]);
}
