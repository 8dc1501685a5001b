#!/usr/bin/env node
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { Command, CommanderError, InvalidArgumentError } from "commander";
import { MAX_AGENTS } from "../../../proto/limits.js";
import { missedBars } from "./bars.js";
import type { AgentsJob, FleetFigures, FromAgents, FromCoordinator, ToCoordinator } from "./messages.js";

const EXIT_BAD_INPUT = 2;
const EXIT_BAR_MISSED = 6;
/** One fleet, from the start of its processes to its report. */
const TIMEOUT_MS = 180_000;

interface Flags {
	readonly sizes: readonly number[];
	readonly processes: number;
	readonly tasks: number;
	readonly seconds: number;
	readonly json?: true;
}

interface Column {
	readonly title: string;
	readonly of: (figures: FleetFigures) => string;
}

const COLUMNS: readonly Column[] = [
	{ title: "agents", of: ({ agents }) => String(agents) },
	{ title: "joined", of: ({ joinedMs }) => seconds(joinedMs) },
	{ title: "armed", of: ({ armedMs }) => seconds(armedMs) },
	{ title: "start skew", of: ({ startSkewMs }) => `${startSkewMs.toFixed(1)} ms` },
	{ title: "deltas", of: ({ deltas }) => String(deltas) },
	{
		title: "a delta (mean, max)",
		of: ({ deltaMeanMs, deltaMaxMs }) => `${deltaMeanMs.toFixed(2)}, ${deltaMaxMs.toFixed(1)} ms`,
	},
	{ title: "results in", of: ({ collectedMs }) => seconds(collectedMs) },
	{ title: "report", of: ({ reportedMs }) => seconds(reportedMs) },
	{ title: "on disk", of: ({ resultBytes }) => `${(resultBytes / 1e6).toFixed(1)} MB` },
	{ title: "CPU", of: ({ cpuShare }) => `${(cpuShare * 100).toFixed(0)}%` },
	{ title: "peak RSS", of: ({ peakRssBytes }) => `${(peakRssBytes / 1e6).toFixed(0)} MB` },
	{ title: "longest stall", of: ({ longestStallMs }) => `${longestStallMs.toFixed(0)} ms` },
];

/** One fleet: a coordinator's process, and some with agents; returns when all have ended. */
async function measure(agents: number, flags: Flags): Promise<FleetFigures> {
	const children: ChildProcess[] = [];
	const start = (file: string) => {
		const child = fork(fileURLToPath(new URL(file, import.meta.url)));
		children.push(child);
		return child;
	};
	const timeout = AbortSignal.timeout(TIMEOUT_MS);
	try {
		const coordinator = start("coordinatorProcess.js");
		const hosts = Array.from({ length: Math.min(flags.processes, agents) }, () => start("agentsProcess.js"));
		const loaded = Promise.all(hosts.map((child) => heard<FromAgents>(child, timeout)));
		const loadMs = flags.seconds * 1_000;
		order(coordinator, { kind: "host", job: { agents, tasksPerAgent: flags.tasks, loadMs } });
		const listening = await heard<FromCoordinator>(coordinator, timeout);
		if (listening.kind !== "listening") throw new Error("the coordinator did not listen");
		await loaded;
		const measured = heard<FromCoordinator>(coordinator, timeout);
		order(coordinator, { kind: "dialled" });
		for (const [at, child] of hosts.entries()) {
			const first = Math.floor((at * agents) / hosts.length);
			const count = Math.floor(((at + 1) * agents) / hosts.length) - first;
			const job: AgentsJob = { ...listening.invitation, first, count, loadMs, clockKey: `process ${at}` };
			child.send(job);
		}
		const outcome = await measured;
		if (outcome.kind !== "measured") throw new Error("the coordinator told no figures");
		return outcome.figures;
	} finally {
		for (const child of children) child.kill("SIGKILL");
	}
}

function order(child: ChildProcess, message: ToCoordinator): void {
	child.send(message);
}

/** The child's next message. @throws Error where it ends first, or the time is up */
async function heard<T>(child: ChildProcess, signal: AbortSignal): Promise<T> {
	const ended = once(child, "exit", { signal }).then(([code]) => {
		throw new Error(`a process of the bench ended with ${String(code)}`);
	});
	const [message] = await Promise.race([once(child, "message", { signal }), ended]);
	ended.catch(() => undefined);
	return message as T;
}

function seconds(ms: number): string {
	return `${(ms / 1_000).toFixed(2)} s`;
}

function table(all: readonly FleetFigures[]): string {
	const rows = [COLUMNS.map(({ title }) => title), ...all.map((figures) => COLUMNS.map(({ of }) => of(figures)))];
	const widths = COLUMNS.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
	return rows.map((row) => row.map((cell, at) => cell.padStart(widths[at] ?? 0)).join("  ")).join("\n");
}

function whole(most: number): (text: string) => number {
	return (text) => {
		const value = Number(text);
		if (!Number.isInteger(value) || value < 1 || value > most) {
			throw new InvalidArgumentError(`expected a whole number from 1 to ${most}`);
		}
		return value;
	};
}

const command = new Command("bench:fleet")
	.description("Simulated fleets over the real protocol and mTLS: how much can one coordinator take?")
	.option("--sizes <list>", "agents of each fleet", (text) => text.split(",").map(whole(MAX_AGENTS)), [10, 100, 500])
	.option("--processes <n>", "processes that the agents are spread over, each a host of its own", whole(64), 4)
	.option("--tasks <n>", "tasks that each agent tells of", whole(1_000_000), 2_000)
	.option("--seconds <n>", "how long the load lasts", whole(600), 10)
	.option("--json", "print the figures as JSON")
	.addHelpText("after", `\nExit codes: 0 every bar was kept · 2 bad input · ${EXIT_BAR_MISSED} a bar was missed`)
	.exitOverride();

async function main(): Promise<number> {
	let flags: Flags;
	try {
		flags = command.parse().opts<Flags>();
	} catch (error) {
		if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT_BAD_INPUT;
		throw error;
	}
	const all: FleetFigures[] = [];
	for (const size of flags.sizes) {
		process.stderr.write(`${size} agents …\n`);
		all.push(await measure(size, flags));
	}
	const missed = all.flatMap(missedBars);
	if (flags.json) process.stdout.write(`${JSON.stringify({ figures: all, missed }, null, "\t")}\n`);
	else process.stdout.write(`${table(all)}\n\non ${cpus().length} cores with the agents\n`);
	for (const sentence of missed) process.stderr.write(`missed: ${sentence}\n`);
	return missed.length > 0 ? EXIT_BAR_MISSED : 0;
}

process.exitCode = await main();
