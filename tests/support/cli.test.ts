import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { expect, test, vi } from "vitest";
import { type RunningCli, runCli, startCli } from "./cli.js";
import { childrenOf, isRunning } from "./processes.js";

let left: RunningCli;

test("tells code and output", async () => {
	const help = await runCli(["--help"]);
	expect(help).toMatchObject({ code: 0, signal: undefined, stderr: "" });
	expect(help.stdout).toContain("Usage: coordinator");
	expect(readdirSync(help.tempFolder)).toEqual([]);
	expect(await runCli(["--help"], { program: "agent" })).toMatchObject({ code: 0 });
	expect((await runCli(["no-such-verb"])).code).toBe(2);
});

test("a program that takes too long is killed with all it started, and so is one that a test leaves", async () => {
	await expect(runCli(["run", "--tasks", "100000"], { timeoutMs: 2_000 })).rejects.toThrow(
		"still running after the time allowed",
	);
	left = startCli(["run", "--tasks", "100000"]);
	await vi.waitFor(
		() =>
			expect(left.processes().map(({ command }) => command)).toContainEqual(expect.stringContaining("redis-server")),
		10_000,
	);
});

test("(the one before left nothing)", async () => {
	await vi.waitFor(() => expect(left.processes()).toEqual([]), 5_000);
});

test("childrenOf sees a child and its end", async () => {
	const child = spawn("sleep", ["60"]);
	expect(childrenOf(process.pid).map(({ pid }) => pid)).toContain(child.pid);
	child.kill("SIGKILL");
	await vi.waitFor(() => expect(isRunning(child.pid ?? 0)).toBe(false));
});
