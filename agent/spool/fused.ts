import { createHash } from "node:crypto";
import { type CommandBuffer, CommandBuffers } from "./commandBuffer.js";
import { classifyError, type Redis } from "./connection.js";
import type { FusedKeys } from "./fusedCompleted.js";
import { MAINTAIN, RELEASE, STATE, TURN } from "./fusedScripts.js";
import { decodeAnswer, idsOf, type TakenReply, type Turn, type TurnAnswer, writeTurn } from "./fusedTurn.js";
import { SpoolKeys } from "./keys.js";
import { Piece } from "./piece.js";
import type { ReadBulk, Reply } from "./replyReader.js";
import { RawText } from "./storedTask.js";

/** The most tasks in one turn: Lua unpacks no more than 8,000 arguments at a time. */
export const MOST_IN_BATCH = 1_000;

export interface Maintained {
	/** Leases of one's own. */
	readonly renewed: number;
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
 * Spool's queue without its round trips, for who takes tasks from it: many tasks in each, every step atomic on the server. Same
 * keys, same JSON and, once a task is settled, the same state as with `ClassicQueue`; what is held lies in keys of its own
 * (see `fusedScripts`) in place of Spool's processing keys, and a task reaches Spool's store when it is settled.
 */
export class FusedQueue {
	readonly #keys: SpoolKeys;
	readonly #turnKeys: FusedKeys;
	readonly #buffers = new CommandBuffers();
	readonly #allTasks: string;
	/** Tasks are fetched by SORT … GET, whose pattern has one place for the ID. */
	#sorts: boolean;
	/** Whose held hash the connection watches, and the turn that may come next. */
	#watched: { readonly consumer: string; readonly turn: number } | undefined;

	/**
	 * @param redis a connection for turns of one consumer, one after the other
	 * @param leaseMs how long a consumer holds its tasks without a sign of life
	 */
	constructor(
		private readonly redis: Redis,
		private readonly prefix: string,
		private readonly leaseMs: number,
	) {
		this.#keys = new SpoolKeys(prefix);
		this.#turnKeys = {
			prefix,
			task: Piece.of(this.#keys.task("")),
			storedTask: Piece.of(this.#keys.storedTask("")),
			storedResult: Piece.of(this.#keys.storedResult("")),
			completedIndex: this.#keys.stateIndex("completed"),
		};
		this.#allTasks = this.#keys.task("*");
		this.#sorts = !prefix.includes("*");
		redis.on("close", () => {
			this.#watched = undefined;
		});
	}

	/** Loads the scripts. @throws what Redis gave, also where it is older than 6.2 */
	async prepare(): Promise<void> {
		await this.#load();
		await this.redis.lmove(`${this.prefix}fused:retries`, `${this.prefix}fused:retries`, "LEFT", "LEFT");
		if (!this.#sorts) return;
		try {
			await this.redis.sort(this.#fetched(""), "BY", "nosort", "GET", this.#allTasks);
		} catch (error) {
			// Denied to users who may not read every key: the tasks are then asked for by name.
			if (classifyError(error as Error).outcome === "unknown") throw error;
			this.#sorts = false;
		}
	}

	async #load(): Promise<void> {
		for (const script of SCRIPTS) await this.redis.script("LOAD", script.source);
	}

	/**
	 * Settles and fetches in one round trip, all or nothing. May be called again when its answer did not come: it is done once.
	 *
	 *   not watching ─ UNWATCH, WATCH, state ─▶ watching ─ MULTI … EXEC, WATCH ─▶ watching
	 *
	 * A connection that broke, and a turn that is not the next one, begin at the left.
	 *
	 * @throws what Redis or the connection gave
	 */
	async turn(turn: Turn): Promise<TurnAnswer> {
		const { consumer, number } = turn;
		// What is sent while there is no connection goes out on the next one, which watches nothing.
		const isWatching = this.#watched?.consumer === consumer && this.redis.status === "ready";
		if (!isWatching || this.#watched?.turn !== number) {
			const answer = await this.#watch(turn);
			if (answer) return answer;
		}
		const reply = await this.#buffers.use((buffer) => this.#carryOut(buffer, turn));
		if (!reply) return { kind: "lost" };
		const [taken, tasks] = reply;
		return decodeAnswer(taken, tasks ?? (await this.#fetchEach(idsOf(taken))), number);
	}

	/** @returns the turn's answer where there is no need to carry it out */
	async #watch({ consumer, number }: Pick<Turn, "consumer" | "number">): Promise<TurnAnswer | undefined> {
		const answers = await this.#buffers.use((buffer) => {
			buffer.begin(1);
			buffer.add("UNWATCH");
			buffer.command("WATCH", this.#held(consumer));
			buffer.command("EVALSHA", STATE_SCRIPT.sha1, "1", this.prefix, consumer, String(number));
			return buffer.send(this.redis, "unwatch", AS_RAW);
		});
		const refusal = answers.find((answer) => answer instanceof Error);
		if (isUnknownScript(refusal)) {
			await this.#load();
			return this.#watch({ consumer, number });
		}
		if (refusal) throw refusal;
		const [hasLease, last, ...taken] = answers.at(-1) as [number, number, ...RawText[]];
		if (last === number) {
			this.#watched = { consumer, turn: number + 1 };
			const reply: TakenReply = [0, ...taken];
			return decodeAnswer(reply, await this.#fetchEach(idsOf(reply)), number);
		}
		if (number > 1 && hasLease === 0) return { kind: "lost" };
		if (last !== number - 1) return { kind: "outOfOrder" };
		this.#watched = { consumer, turn: number };
		return undefined;
	}

	/** @returns what the script took, and the tasks where they came with it; undefined where the held hash was touched */
	async #carryOut(buffer: CommandBuffer, turn: Turn): Promise<[TakenReply, RawTasks | undefined] | undefined> {
		const { consumer, number, most } = turn;
		const sorts = this.#sorts && most > 0;
		buffer.begin(1);
		buffer.add("MULTI");
		const place = writeTurn(buffer, TURN_SCRIPT.sha1, this.#turnKeys, turn, { leaseMs: this.leaseMs, sorts });
		if (sorts) {
			const fetched = this.#fetched(consumer);
			buffer.command("SORT", fetched, "BY", "nosort", "GET", this.#allTasks);
			buffer.command("DEL", fetched);
		}
		buffer.command("EXEC");
		buffer.command("WATCH", this.#held(consumer));
		buffer.command("EXISTS", this.#held(consumer));
		// Until its answer is there.
		this.#watched = undefined;
		const answers = await buffer.send(this.redis, "multi", AS_RAW);
		// What a command is refused with comes before what EXEC then says.
		const refusal = answers.find((answer) => answer instanceof Error);
		if (refusal) throw refusal;
		const [done, , isHeld] = answers.slice(-3) as [Reply[] | null, Reply, number];
		if (!done) return undefined;
		const [taken, tasks] = done.slice(place) as [TakenReply | Error, RawTasks | Error | undefined];
		if (isUnknownScript(taken)) {
			await this.#load();
			// What was stored may be stored again, and what was deleted is gone.
			return (await this.#watch(turn)) ? undefined : this.#carryOut(buffer, turn);
		}
		if (taken instanceof Error) throw taken;
		if (tasks instanceof Error) throw tasks;
		if (isHeld === 1) this.#watched = { consumer, turn: number + 1 };
		return [taken, sorts ? tasks : undefined];
	}

	/** @returns tasks by place; null where there is none */
	async #fetchEach(ids: readonly string[]): Promise<RawTasks> {
		if (ids.length === 0) return [];
		const [tasks] = await this.#buffers.use((buffer) => {
			buffer.begin(1 + ids.length);
			buffer.add("MGET");
			for (const id of ids) buffer.add(this.#keys.task(id));
			return buffer.send(this.redis, "mget", AS_RAW);
		});
		if (tasks instanceof Error) throw tasks;
		return tasks as RawTasks;
	}

	#held(consumer: string): string {
		return `${this.prefix}fused:held:${consumer}`;
	}

	#fetched(consumer: string): string {
		return `${this.prefix}fused:fetched:${consumer}`;
	}

	/** Renews consumers' leases, takes back what others have lost, and enqueues the retries that are due. */
	async maintain(...consumers: readonly string[]): Promise<Maintained> {
		const reply = await this.#run(MAINTAIN_SCRIPT, [this.leaseMs, MOST_RETRIES, ...consumers]);
		const [renewed = 0, takenBack = 0, enqueued = 0, nextRetryMs = -1, owed = 0] = reply as number[];
		return {
			renewed,
			takenBack,
			enqueued,
			nextRetryMs: nextRetryMs < 0 ? undefined : nextRetryMs,
			owed,
		};
	}

	/** Ends a consumer that holds nothing. */
	async release(consumer: string): Promise<void> {
		if (this.#watched?.consumer === consumer) {
			this.#watched = undefined;
			await this.redis.unwatch();
		}
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

type RawTasks = readonly (RawText | null)[];

const AS_RAW: ReadBulk = (bytes, from, to) => new RawText(bytes, from, to);

interface Script {
	readonly source: string;
	readonly sha1: string;
}

const TURN_SCRIPT = script(TURN);
const MAINTAIN_SCRIPT = script(MAINTAIN);
const RELEASE_SCRIPT = script(RELEASE);
const STATE_SCRIPT = script(STATE);
const SCRIPTS = [TURN_SCRIPT, STATE_SCRIPT, MAINTAIN_SCRIPT, RELEASE_SCRIPT];

function script(source: string): Script {
	return { source, sha1: createHash("sha1").update(source).digest("hex") };
}

/** The server was restarted, or its scripts were flushed. */
function isUnknownScript(error: unknown): boolean {
	return error instanceof Error && error.message.startsWith("NOSCRIPT");
}
