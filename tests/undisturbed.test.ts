import { readdirSync } from "node:fs";
import { getPriority } from "node:os";
import { expect, test, vi } from "vitest";
import { startCli } from "./support/cli.js";

test("an agent's helper threads give way to main threads, and its engine knows what it is told", async () => {
	const nobody = ["--coordinator", "127.0.0.1:1", "--join-timeout", "60s"];
	const agent = startCli(nobody, {
		program: "agent",
		env: { SPOOLBENCH_JOIN_TOKEN: "0123456789abcdef0123456789abcdef" },
	});
	const threads = () => readdirSync(`/proc/${agent.pid}/task`).map(Number);
	await vi.waitFor(
		() => {
			const helpers = threads().filter((thread) => thread !== agent.pid);
			// Some may have come since.
			expect(helpers.filter((thread) => getPriority(thread) === 10).length).toBeGreaterThanOrEqual(4);
		},
		{ timeout: 20_000 },
	);
	expect(getPriority(agent.pid)).toBe(0);
	agent.kill("SIGTERM");
	const { stderr } = await agent.exited;
	// V8 says so there when it does not know a flag.
	expect(stderr).not.toContain("flag");
});
