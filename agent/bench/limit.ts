import { spawn } from "node:child_process";
import { once } from "node:events";
import { createReadStream, createWriteStream } from "node:fs";
import { join } from "node:path";
import { makeTaskId } from "../../proto/taskid.js";
import { payloadMaker } from "../load/payload.js";
import { Stamper } from "../measure/stamp.js";
import { WallClock } from "../spool/gotime.js";
import { SpoolKeys } from "../spool/keys.js";
import { completedTask, startedTask } from "../spool/outcome.js";
import type { PlainPayload } from "../spool/plainTask.js";
import { encodeResult, encodeTask, newTask } from "../spool/task.js";
import { KEY_PREFIX, type Outcome } from "./load.js";
import type { RedisServer } from "./redisServer.js";

const RUN_TAG = 0x0badcafe;

/**
 * How fast Redis carries out Spool's commands when nobody waits for an answer and nothing else is to be done: the 18
 * commands of each task, written beforehand and sent by `redis-cli --pipe`.
 */
export async function runLimit(server: RedisServer, tasks: number, payloadBytes: number): Promise<Outcome> {
	const file = join(server.folder, "commands");
	await writeCommands(file, tasks, payloadBytes);
	server.empty();
	const cpuBeforeUs = server.cpuUs();
	const cli = spawn("redis-cli", ["-s", server.socket, "--pipe"], { stdio: ["pipe", "pipe", "inherit"] });
	const startedMs = performance.now();
	createReadStream(file, { highWaterMark: 1 << 20 }).pipe(cli.stdin);
	let output = "";
	for await (const chunk of cli.stdout) output += String(chunk);
	const seconds = (performance.now() - startedMs) / 1_000;
	if (!output.includes("errors: 0")) throw new Error(`redis-cli --pipe: ${output}`);
	return {
		tasksPerSecond: tasks / seconds,
		redisCpuUsPerTask: (server.cpuUs() - cpuBeforeUs) / tasks,
		agentCpuUsPerTask: 0,
		peakRssBytes: 0,
		polls: 0,
	};
}

async function writeCommands(file: string, tasks: number, payloadBytes: number): Promise<void> {
	const out = createWriteStream(file);
	const payload = payloadMaker(payloadBytes);
	const stamper = new Stamper(RUN_TAG, 0);
	for (let number = 0; number < tasks; number++) {
		const commands = commandsOf(number, payload(number), stamper);
		if (!out.write(commands.map(encode).join(""))) await once(out, "drain");
	}
	out.end();
	await once(out, "finish");
}

/** What Spool sends for one task, in its order (`agent/spool/recordings/process-success.json`). */
function commandsOf(number: number, { start, end }: PlainPayload, stamper: Stamper): string[][] {
	const keys = new SpoolKeys(KEY_PREFIX);
	const now = new WallClock().now();
	const seconds = String(now.unixSeconds);
	const id = makeTaskId(RUN_TAG, 0, number);
	const metadata = stamper.stamp(0, number, 0, 0, now.rfc3339).toString();
	const task = newTask({ id, type: "benchmark_task", payload: start + end, createdAt: now.rfc3339, metadata });
	const started = startedTask(task, now);
	const output = `{"processed":true,"timestamp":${seconds}}`;
	const result = encodeResult({ taskId: id, success: true, output, completedAt: now.rfc3339, durationNs: 2_000 });
	return [
		["SET", keys.task(id), encodeTask(task)],
		["RPUSH", keys.queues[1], id],
		["INCR", keys.totalCount],
		["SET", keys.lastEnqueue, seconds],
		["LPOP", keys.queues[3]],
		["LPOP", keys.queues[2]],
		["LPOP", keys.queues[1]],
		["GET", keys.task(id)],
		["SET", keys.processing(id), seconds, "EX", "3600"],
		["SET", keys.lastDequeue, seconds],
		["SET", keys.storedTask(id), encodeTask(started), "EX", "604800"],
		["SADD", keys.stateIndex("processing"), id],
		["SET", keys.storedResult(id), result, "EX", "2592000"],
		["SET", keys.storedTask(id), encodeTask(completedTask(started, now)), "EX", "604800"],
		["SADD", keys.stateIndex("completed"), id],
		["DEL", keys.processing(id)],
		["DEL", keys.task(id)],
		["INCR", keys.completedCount],
	];
}

function encode(words: readonly string[]): string {
	return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("")}`;
}
