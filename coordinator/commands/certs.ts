import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { Command, Option } from "commander";
import { makeRunCertificates, VALID_HOURS } from "../fleet/certificates.js";
import type { Problem } from "../plan/problem.js";
import { refuse } from "./options.js";

const DEFAULT_OUT = "certs";
/** A DNS name, as it may stand in a certificate, or an IP address. */
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:.]+)$/i;

interface CertsFlags {
	readonly out: string;
	readonly host: readonly string[];
}

/** `coordinator certs`: what the two ends of a run's streams show each other. Sets the process's exit code. */
export function certsCommand(): Command {
	return new Command("certs")
		.description("make the certificates with which a run's coordinator and agents know each other")
		.addOption(
			new Option(
				"--host <NAME,…>",
				"What agents dial the coordinator by: names or IP addresses. Default: this host's name.",
			)
				.argParser(hosts)
				.default([], ""),
		)
		.addOption(new Option("--out <DIR>", `Where they go. Default: ${DEFAULT_OUT}.`).default(DEFAULT_OUT, ""))
		.allowExcessArguments(false)
		.addHelpText(
			"after",
			`
Makes DIR/coordinator and DIR/agent, for two separate Secrets, each with ca.crt, tls.crt and tls.key
(mode 0600). They hold for ${VALID_HOURS} hours. The CA's key is not written: nothing can be added to them, and
the next run takes new ones. Nothing is overwritten.

Example:
  coordinator certs --host bench.internal,10.0.0.7
  coordinator run … --listen 0.0.0.0:7400 --token-file join.token \\
      --tls-ca certs/coordinator/ca.crt --tls-cert certs/coordinator/tls.crt --tls-key certs/coordinator/tls.key
  agent --coordinator bench.internal:7400 --token-file join.token \\
      --tls-ca certs/agent/ca.crt --tls-cert certs/agent/tls.crt --tls-key certs/agent/tls.key`,
		)
		.action(async ({ out, host }: CertsFlags, command: Command) => {
			const names = host.length > 0 ? host : [hostname()];
			const wrong = names.filter((name) => !HOST.test(name));
			if (wrong.length > 0) {
				const message = `expected host names or IP addresses, got ${wrong.map((name) => JSON.stringify(name)).join(", ")}`;
				refuse(command, [{ where: "--host", message }]);
			}
			const problem = await writeCertificates(out, names, Date.now());
			if (problem) refuse(command, [problem]);
			process.stdout.write(
				`${join(out, "coordinator")}: for the coordinator, as ${names.join(", ")}\n` +
					`${join(out, "agent")}: for the agents\n` +
					`ca.crt, tls.crt and tls.key in each, for ${VALID_HOURS} hours; the CA's key was not kept.\n`,
			);
		});
}

function hosts(value: string, before: readonly string[]): string[] {
	return [...before, ...value.split(",").map((name) => name.trim())];
}

/** All six files or none. @returns what went wrong */
async function writeCertificates(out: string, names: readonly string[], nowMs: number): Promise<Problem | undefined> {
	const { ca, coordinator, agent } = await makeRunCertificates(names, nowMs);
	const files = Object.entries({ coordinator, agent }).flatMap(([role, { cert, key }]) => [
		[join(out, role, "ca.crt"), ca] as const,
		[join(out, role, "tls.crt"), cert] as const,
		[join(out, role, "tls.key"), key] as const,
	]);
	const existing = files.filter(([path]) => existsSync(path)).map(([path]) => path);
	if (existing.length > 0) {
		return { where: "--out", message: `nothing is overwritten, and these exist: ${existing.join(", ")}` };
	}
	const written: string[] = [];
	try {
		for (const role of ["coordinator", "agent"]) mkdirSync(join(out, role), { recursive: true, mode: 0o700 });
		for (const [path, pem] of files) {
			writeFileSync(path, pem, { mode: 0o600, flag: "wx" });
			written.push(path);
		}
		return undefined;
	} catch (error) {
		for (const path of written) rmSync(path, { force: true });
		return { where: "--out", message: `cannot write there: ${(error as Error).message}` };
	}
}
