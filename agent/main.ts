#!/usr/bin/env node
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { CommanderError } from "commander";
import { describeHost } from "../proto/host.js";
import { natsUrlFault } from "../proto/natsUrl.js";
import { readTlsIdentity, type TlsIdentity } from "../proto/tlsFiles.js";
import { VERSION } from "../proto/version.js";
import type { Caps } from "./caps.js";
import { readCaps } from "./capsConfig.js";
import { type AgentFlags, agentCommand, isLoopback, readToken } from "./flags.js";
import { makeLogger } from "./log.js";
import { clockKey } from "./measure/clock.js";
import { Session, type SessionEnd } from "./session.js";
import { runUndisturbed } from "./undisturbed.js";

const EXIT_BAD_INPUT = 2;
/** For what was written last, where the other end takes it. */
const FAREWELL_MS = 2_000;
const EXIT_BY_END: Record<SessionEnd["kind"], number> = {
	dismissed: 0,
	refused: EXIT_BAD_INPUT,
	unreachable: 5,
	lost: 1,
	interrupted: 4,
};

interface Settings {
	readonly flags: AgentFlags;
	readonly token: string;
	readonly tls: TlsIdentity | undefined;
	readonly caps: Caps;
}

/** @throws CommanderError or Error with sentences for the user */
async function readSettings(): Promise<Settings> {
	const flags = agentCommand().parse().opts<AgentFlags>();
	const paths = { ca: flags.tlsCa, cert: flags.tlsCert, key: flags.tlsKey };
	const tls = readTlsIdentity(paths, "agent", Date.now());
	if (!tls && !flags.insecure && !isLoopback(flags.coordinator)) {
		throw new Error(
			`${flags.coordinator} is not on this machine and the stream would be plaintext: give --tls-ca, --tls-cert and ` +
				"--tls-key, or --insecure on a network you trust",
		);
	}
	const natsFault = flags.nats ? natsUrlFault(flags.nats) : undefined;
	if (natsFault !== undefined) throw new Error(`--nats: ${natsFault}`);
	return { flags, tls, token: readToken(flags.tokenFile, process.env), caps: await readCaps(flags, process.env) };
}

async function main(): Promise<number> {
	let settings: Settings;
	try {
		settings = await readSettings();
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
		process.stderr.write(`agent: ${(error as Error).message}\n`);
		return EXIT_BAD_INPUT;
	}
	runUndisturbed();
	const { flags, token, tls, caps } = settings;
	const log = await makeLogger(flags.logLevel, { role: "agent", pid: process.pid, host: hostname() });
	const interrupt = new AbortController();
	for (const signal of ["SIGINT", "SIGTERM"] as const) {
		process.on(signal, () => {
			if (interrupt.signal.aborted) process.exit(130);
			interrupt.abort(signal);
		});
	}
	const session = new Session({
		coordinator: flags.coordinator,
		token,
		tls,
		caps,
		agentId: flags.agentId ?? randomUUID(),
		softwareVersion: VERSION,
		wantedIndex: flags.index,
		host: describeHost(flags.clock ?? clockKey()),
		joinTimeoutMs: flags.joinTimeout,
		natsUrl: flags.nats || undefined,
		log,
	});
	const end = await session.serve(interrupt.signal);
	if (end.kind === "dismissed") log.info("dismissed");
	else log.error({ end: end.kind }, end.reason);
	const code = EXIT_BY_END[end.kind];
	// What was written to a peer that is cut off waits for ever, and the process with it.
	setTimeout(() => process.exit(code), FAREWELL_MS).unref();
	return code;
}

process.exitCode = await main();
