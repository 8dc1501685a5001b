import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { Redis } from "../../agent/spool/connection.js";
import { decodeTask, newTask, type Task } from "../../agent/spool/task.js";
import type { TaskHandler } from "../../agent/work/handlers.js";

/** What Spool's Go code sent to a real Redis, and every key that it left behind. */
export interface Recording {
	readonly scenario: string;
	readonly commands: readonly (readonly string[])[];
	readonly final_state: Readonly<Record<string, KeyState>>;
}

export interface KeyState {
	readonly type: string;
	readonly ttl_seconds: number | null;
	readonly value: string | readonly string[];
}

const folder = new URL("../../agent/spool/recordings/", import.meta.url);
export const recordings = readdirSync(folder)
	.filter((name) => name.endsWith(".json"))
	.map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")) as Recording);

/** What the recorded workers did, by task type. */
export const HANDLERS: ReadonlyMap<string, TaskHandler> = new Map<string, TaskHandler>([
	["ok", () => '{"processed":true}'],
	[
		"fail",
		() => {
			throw new Error("boom");
		},
	],
]);

const TTL_TOLERANCE_SECONDS = 30;

/** The recorded tasks as they were before anybody took them, under new IDs. */
export function pendingTasks(recording: Recording): Task[] {
	return recording.commands
		.filter(([name, key = ""]) => name === "set" && key.startsWith("spool:task:"))
		.map(([, , json = ""]) => decodeTask(json))
		.filter((task) => task.state === "pending")
		.map(({ type, payload, priority, maxRetries, createdAt }) =>
			newTask({ id: randomUUID(), type, payload, priority, maxRetries, createdAt }),
		);
}

/** Every key of a Redis, as the recordings have it. */
export async function finalState(redis: Redis): Promise<Record<string, KeyState>> {
	const state: Record<string, KeyState> = {};
	for (const key of await redis.keys("*")) {
		const type = await redis.type(key);
		const ttl = await redis.ttl(key);
		state[key] = { type, ttl_seconds: ttl < 0 ? null : ttl, value: await value(redis, key, type) };
	}
	return state;
}

async function value(redis: Redis, key: string, type: string): Promise<string | string[]> {
	if (type === "list") return redis.lrange(key, 0, -1);
	if (type === "set") return redis.smembers(key);
	return (await redis.get(key)) ?? "";
}

/** Replaces what differs from run to run: IDs by their order of appearance, times and durations by their names. */
export class Normaliser {
	readonly #ids = new Map<string, string>();

	command(words: readonly string[]): string[] {
		const [name = "", key = "", ...rest] = words;
		return [name.toLowerCase(), this.text(key), ...rest.map((word) => this.text(/^ex$/i.test(word) ? "ex" : word))];
	}

	text(text: string): string {
		return text
			.replace(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
				if (!this.#ids.has(id)) this.#ids.set(id, `<id ${this.#ids.size}>`);
				return this.#ids.get(id) ?? "";
			})
			.replace(/2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{0,8}[1-9])?Z/g, "<time>")
			.replace(/"duration":[1-9]\d*/g, '"duration":<ns>')
			.replace(/\b[12]\d{9}\b/g, "<unix seconds>");
	}

	state(state: Readonly<Record<string, KeyState>>): unknown {
		return Object.entries(state)
			.map(([key, { type, ttl_seconds, value }]) => ({
				key: this.text(key),
				type,
				ttlSeconds:
					ttl_seconds === null ? null : Math.round(ttl_seconds / TTL_TOLERANCE_SECONDS) * TTL_TOLERANCE_SECONDS,
				value: typeof value === "string" ? this.text(value) : value.map((element) => this.text(element)).sort(),
			}))
			.sort((a, b) => (a.key < b.key ? -1 : 1));
	}
}
