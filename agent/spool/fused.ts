import { createHash } from "node:crypto";
import { type CommandBuffer, CommandBuffers } from "./commandBuffer.js";
import { classifyError, type Redis } from "./connection.js";
import { MAINTAIN, RELEASE, TURN } from "./fusedScripts.js";
import {
	CHANGED,
	decodeAnswer,
	readReplies,
	type Turn,
	type TurnAnswer,
	type TurnReply,
	writeTurn,
} from "./fusedTurn.js";
import type { Clock } from "./gotime.js";
import { SpoolKeys } from "./keys.js";
import { addPlainTask } from "./plainTask.js";
import type { ReadBulk } from "./replyReader.js";
import { RawText } from "./storedTask.js";
import { encodeTask, type Priority, type Task } from "./task.js";

/** The most tasks in one script call: Lua unpacks at most 8,000 arguments at a time, and a task takes two. */
export const MOST_IN_BATCH = 1_000;

export interface Maintained {
	readonly renewed: boolean;
	/** Tasks of consumers that are gone, put back. */
	readonly takenBack: number;
	/** Retries that were due and are enqueued. */
	readonly enqueued: number;
	/** Until the next retry is due; undefined where none waits. */
	readonly nextRetryMs: number | undefined;
	/** Retries that wait, and other consumers that hold something. */
	readonly owed: number;
}

/** Retries enqueued in one step. */
const MOST_RETRIES = 1_000;

/**
 * Spool's queue without its round trips: many tasks in each, every step atomic on the server. Same keys, same JSON and, once
 * a task is settled, the same state as with `ClassicQueue`; what is held lies in keys of its own (see `fusedScripts`) in
 * place of Spool's processing keys, and a task reaches Spool's store when it is settled.
 */
export class FusedQueue {
	readonly #keys: SpoolKeys;
	readonly #buffers = new CommandBuffers();
	readonly #allTasks: string;
	/** Tasks are fetched by SORT … GET, whose pattern has one place for the ID. */
	#sorts: boolean;

	/** @param leaseMs how long a consumer holds its tasks without a sign of life */
	constructor(
		private readonly redis: Redis,
		private readonly prefix: string,
		private readonly clock: Clock,
		private readonly leaseMs: number,
	) {
		this.#keys = new SpoolKeys(prefix);
		this.#allTasks = this.#keys.task("*");
		this.#sorts = !prefix.includes("*");
	}

	/** Loads the scripts. @throws what Redis gave, also where it is older than 6.2 */
	async prepare(): Promise<void> {
		for (const script of SCRIPTS) await this.redis.script("LOAD", script.source);
		await this.redis.lmove(`${this.prefix}fused:retries`, `${this.prefix}fused:retries`, "LEFT", "LEFT");
		if (!this.#sorts) return;
		try {
			await this.#fetch("");
		} catch (error) {
			// Denied to users who may not read every key: the script then fetches.
			if (classifyError(error as Error).outcome === "unknown") throw error;
			this.#sorts = false;
		}
	}

	#fetch(consumer: string): Promise<unknown> {
		return this.redis.sort(`${this.prefix}fused:fetched:${consumer}`, "BY", "nosort", "GET", this.#allTasks);
	}

	/**
	 * Puts tasks at the tails of their queues, all or none, but for queues that cannot take any.
	 *
	 * @returns for each task what its own queue refused it with, or undefined
	 * @throws what Redis or the connection gave for all of them
	 */
	async enqueue(tasks: readonly Task[]): Promise<readonly (Error | undefined)[]> {
		const ids: [string[], string[], string[], string[]] = [[], [], [], []];
		for (const task of tasks) ids[task.priority].push(task.id);
		const used = PRIORITIES.filter((priority) => ids[priority].length > 0);
		const replies = await this.#buffers.use(async (buffer) => {
			// MULTI, not a script: the JSON that MSET is given becomes the stored value, without a copy through Lua.
			buffer.begin(1);
			buffer.add("MULTI");
			this.#writeTasks(buffer, tasks);
			for (const priority of used) writeCommand(buffer, "RPUSH", this.#keys.queues[priority], ...ids[priority]);
			writeCommand(buffer, "INCRBY", this.#keys.totalCount, String(tasks.length));
			writeCommand(buffer, "SET", this.#keys.lastEnqueue, String(this.clock.now().unixSeconds));
			writeCommand(buffer, "EXEC");
			const answers = await buffer.send(this.redis, "multi");
			// What a command is refused with comes before what EXEC then says.
			const refusal = answers.find((answer) => answer instanceof Error);
			if (refusal) throw refusal;
			return answers.at(-1) as readonly unknown[];
		});
		const faults: (Error | undefined)[] = [undefined, undefined, undefined, undefined];
		for (const [place, priority] of used.entries()) {
			const reply = replies[1 + place];
			if (reply instanceof Error) faults[priority] = reply;
		}
		if (faults.every((fault) => fault === undefined)) return tasks.map(() => undefined);
		const refused = used.filter((priority) => faults[priority]).flatMap((priority) => ids[priority]);
		const takeBack = this.redis.multi().del(refused.map((id) => this.#keys.task(id)));
		await takeBack.decrby(this.#keys.totalCount, refused.length).exec();
		return tasks.map((task) => faults[task.priority]);
	}

	#writeTasks(buffer: CommandBuffer, tasks: readonly Task[]): void {
		buffer.next(1 + 2 * tasks.length);
		buffer.add("MSET");
		for (const task of tasks) {
			buffer.add(this.#keys.task(task.id));
			if (task.isPlain) addPlainTask(buffer, task);
			else buffer.add(encodeTask(task));
		}
	}

	/**
	 * Settles and fetches in one round trip. May be sent again when its answer did not come: it is done once.
	 *
	 * @throws what Redis or the connection gave
	 */
	async turn(turn: Turn): Promise<TurnAnswer> {
		const [reply, tasks] = await this.#buffers.use(async (buffer) => {
			const answer = await this.#send(buffer, turn, true);
			return answer[0][0] === CHANGED ? this.#send(buffer, turn, false) : answer;
		});
		return decodeAnswer(reply, tasks, turn.number);
	}

	/** @returns the script's reply, and the tasks fetched */
	async #send(buffer: CommandBuffer, turn: Turn, patching: boolean): Promise<[TurnReply, readonly (RawText | null)[]]> {
		const sorts = this.#sorts && turn.most > 0;
		writeTurn(buffer, TURN_SCRIPT.sha1, this.prefix, turn, { leaseMs: this.leaseMs, sorts, patching });
		const fetched = `${this.prefix}fused:fetched:${turn.consumer}`;
		if (sorts) {
			// Behind the script on the same connection: what it has just noted is still there.
			writeCommand(buffer, "SORT", fetched, "BY", "nosort", "GET", this.#allTasks);
			writeCommand(buffer, "DEL", fetched);
		}
		try {
			return readReplies(await buffer.send(this.redis, "evalsha", AS_RAW), sorts);
		} catch (error) {
			if (!isUnknownScript(error)) throw error;
			await this.redis.script("LOAD", TURN_SCRIPT.source);
			return this.#send(buffer, turn, patching);
		}
	}

	/** Renews a consumer's lease, takes back what others have lost, and enqueues the retries that are due. */
	async maintain(consumer: string): Promise<Maintained> {
		const reply = await this.#run(MAINTAIN_SCRIPT, [consumer, this.leaseMs, MOST_RETRIES]);
		const [renewed, takenBack = 0, enqueued = 0, nextRetryMs = -1, owed = 0] = reply as number[];
		return {
			renewed: renewed === 1,
			takenBack,
			enqueued,
			nextRetryMs: nextRetryMs < 0 ? undefined : nextRetryMs,
			owed,
		};
	}

	/** Ends a consumer that holds nothing. */
	async release(consumer: string): Promise<void> {
		await this.#run(RELEASE_SCRIPT, [consumer]);
	}

	async #run(script: Script, args: readonly (string | number)[]): Promise<unknown> {
		try {
			return await this.redis.call("EVALSHA", script.sha1, 1, this.prefix, ...args);
		} catch (error) {
			if (!isUnknownScript(error)) throw error;
			return this.redis.call("EVAL", script.source, 1, this.prefix, ...args);
		}
	}
}

const PRIORITIES: readonly Priority[] = [3, 2, 1, 0];

const AS_RAW: ReadBulk = (bytes, from, to) => new RawText(bytes, from, to);

interface Script {
	readonly source: string;
	readonly sha1: string;
}

const TURN_SCRIPT = script(TURN);
const MAINTAIN_SCRIPT = script(MAINTAIN);
const RELEASE_SCRIPT = script(RELEASE);
const SCRIPTS = [TURN_SCRIPT, MAINTAIN_SCRIPT, RELEASE_SCRIPT];

function script(source: string): Script {
	return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

/** The server was restarted, or its scripts were flushed. */
function isUnknownScript(error: unknown): boolean {
	return (error as Error).message.startsWith("NOSCRIPT");
}

function writeCommand(buffer: CommandBuffer, ...words: readonly string[]): void {
	buffer.next(words.length);
	for (const word of words) buffer.add(word);
}
