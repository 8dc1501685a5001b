#!/usr/bin/env node
// Waits for a run to end and fetches its report: see --help.
import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const RECORD_LINE = "spoolbench-record ";
/** From the end of the log to the status of the container. */
const STATUS_DEADLINE_MS = 60_000;
const STATUS_INTERVAL_MS = 1_000;
const EXIT_FAULT = 1;
const EXIT_BAD_INPUT = 2;

const HELP = `Follows a run to its end, fetches its result from the coordinator's log, and renders the report here.

  node scripts/kubernetes/fetch.mjs DIR [--out FOLDER] [--delete] [--context NAME] [--start-timeout 15m]

  DIR                     What render.mjs made and kubectl apply -k was given.
  --out <FOLDER>          Where the report goes. Default: benchmark_results/RUN.
  --delete                Then kubectl delete -k DIR.
  --context <NAME>        Of kubectl's configuration. Default: the current one.
  --start-timeout <TIME>  How long the coordinator's pod may take to start, for kubectl. Default: 15m.

Exit code: the coordinator's (0 valid, 3 not valid, …: coordinator --help); 1 where it cannot be told.
`;

/** What went wrong, for the user. */
class FetchError extends Error {
	constructor(message, exitCode = EXIT_FAULT) {
		super(message);
		this.exitCode = exitCode;
	}
}

try {
	process.exitCode = await main(process.argv.slice(2));
} catch (error) {
	const badFlag = error.code?.startsWith("ERR_PARSE_ARGS") === true;
	if (!(error instanceof FetchError) && !badFlag) throw error;
	process.stderr.write(`fetch.mjs: ${error.message}\n`);
	process.exitCode = badFlag ? EXIT_BAD_INPUT : error.exitCode;
}

async function main(words) {
	const { values, positionals } = parseArgs({
		args: words,
		allowPositionals: true,
		options: {
			out: { type: "string" },
			delete: { type: "boolean", default: false },
			context: { type: "string" },
			"start-timeout": { type: "string", default: "15m" },
			help: { type: "boolean", short: "h" },
		},
	});
	if (values.help) {
		process.stdout.write(HELP);
		return 0;
	}
	const [dir, ...more] = positionals;
	if (dir === undefined || more.length > 0)
		throw new FetchError("give one folder that render.mjs made", EXIT_BAD_INPUT);
	const { run, namespace } = readRun(dir);
	const out = resolve(values.out ?? join("benchmark_results", run));
	if (existsSync(out)) throw new FetchError(`--out: ${out} exists, and nothing is overwritten`, EXIT_BAD_INPUT);
	const kubectl = [...(values.context === undefined ? [] : ["--context", values.context]), "--namespace", namespace];
	const lines = await followLog(
		[...kubectl, "logs", "--follow", `--pod-running-timeout=${values["start-timeout"]}`],
		run,
	);
	const { exitCode, message } = await ending(kubectl, run);
	const record = readRecord(lines);
	if (record) render(record, out);
	else process.stderr.write(`fetch.mjs: there is no result in the log${message ? `; the pod says: ${message}` : ""}\n`);
	if (values.delete) execFileSync("kubectl", [...kubectl, "delete", "-k", dir], { stdio: ["ignore", 2, "inherit"] });
	return exitCode;
}

function readRun(dir) {
	try {
		const { namespace, nameSuffix } = JSON.parse(readFileSync(join(dir, "kustomization.yaml"), "utf8"));
		if (typeof namespace === "string" && /^-r[0-9a-f]+$/.test(nameSuffix))
			return { run: nameSuffix.slice(1), namespace };
	} catch {
		// Said below, in one sentence.
	}
	throw new FetchError(`${dir} is no run: there is no kustomization.yaml of render.mjs in it`, EXIT_BAD_INPUT);
}

/** Shows the log as it comes, but for the record. @returns the record's lines */
function followLog(words, run) {
	const child = spawn("kubectl", [...words, `job/spool-bench-coordinator-${run}`], {
		stdio: ["ignore", "pipe", "inherit"],
	});
	const record = [];
	createInterface(child.stdout).on("line", (line) => {
		if (line.startsWith(RECORD_LINE)) record.push(line.slice(RECORD_LINE.length));
		else process.stdout.write(`${line}\n`);
	});
	return new Promise((done, failed) => {
		child.once("error", (error) => failed(new FetchError(`cannot run kubectl: ${error.message}`)));
		child.once("close", (code) => {
			if (code === 0) done(record);
			else failed(new FetchError(`kubectl logs ended with exit code ${code}; run the same command again to go on`));
		});
	});
}

/** How the coordinator's container ended. */
async function ending(kubectl, run) {
	const selector = `app.kubernetes.io/instance=${run},app.kubernetes.io/component=coordinator`;
	const deadlineMs = performance.now() + STATUS_DEADLINE_MS;
	for (;;) {
		const text = execFileSync("kubectl", [...kubectl, "get", "pods", "--selector", selector, "--output", "json"], {
			encoding: "utf8",
			stdio: ["ignore", "pipe", "inherit"],
		});
		const containers = JSON.parse(text).items.flatMap(({ status }) => status.containerStatuses ?? []);
		const ended = containers.find(({ state }) => state?.terminated)?.state.terminated;
		if (ended) return ended;
		if (performance.now() > deadlineMs)
			throw new FetchError("the log has ended, and the pod's status tells no exit code");
		await sleep(STATUS_INTERVAL_MS);
	}
}

/**
 * The bytes of result.pb.gz from the lines that --print-record prints.
 *
 * @returns undefined where the coordinator printed none
 */
function readRecord(lines) {
	const omitted = lines.find((line) => line.startsWith("omitted"));
	if (omitted !== undefined) throw new FetchError(`result.pb.gz ${omitted}`);
	if (lines.length === 0) return undefined;
	const pieces = new Map();
	let count = Number.NaN;
	let sha256;
	for (const line of lines) {
		const [place = "", text = ""] = line.split(" ");
		const [index, of] = place.split("/");
		if (place === "sha256") sha256 = text;
		else pieces.set(Number(index), text);
		if (of !== undefined) count = Number(of);
	}
	const ordered = Array.from({ length: count || 0 }, (_, index) => pieces.get(index + 1));
	const bytes = Buffer.from(ordered.join(""), "base64");
	if (ordered.includes(undefined) || createHash("sha256").update(bytes).digest("hex") !== sha256) {
		throw new FetchError(`result.pb.gz came damaged: ${pieces.size} of ${count} lines; the log may have been rotated`);
	}
	return bytes;
}

/** The files of the report, anew from the record; its text has been shown with the log. */
function render(record, out) {
	mkdirSync(out, { recursive: true });
	writeFileSync(join(out, "result.pb.gz"), record);
	const main = join(ROOT, "dist", "coordinator", "main.js");
	try {
		execFileSync(process.execPath, [main, "report", out, "--write"], { stdio: ["ignore", "ignore", "pipe"] });
	} catch (error) {
		// 3 and 6 judge the run.
		if (![3, 4, 6].includes(error.status)) throw new FetchError(`coordinator report: ${String(error.stderr).trim()}`);
	}
	process.stdout.write(`${out}\n`);
}
