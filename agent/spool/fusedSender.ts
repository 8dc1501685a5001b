import { type CommandBuffer, CommandBuffers } from "./commandBuffer.js";
import type { Redis } from "./connection.js";
import type { Clock } from "./gotime.js";
import { SpoolKeys } from "./keys.js";
import { Piece } from "./piece.js";
import { PlainTask } from "./plainTask.js";
import { encodeTask, type Priority, type Task } from "./task.js";

const PRIORITIES: readonly Priority[] = [3, 2, 1, 0];

type ByPriority<T> = [T[], T[], T[], T[]];

/** Spool's queue without its round trips, for who puts tasks into it: many in each, with the same keys and JSON. */
export class FusedSender {
	readonly #keys: SpoolKeys;
	/** Up to a task's ID. */
	readonly #taskKey: Piece;
	readonly #buffers = new CommandBuffers();

	constructor(
		private readonly redis: Redis,
		prefix: string,
		private readonly clock: Clock,
	) {
		this.#keys = new SpoolKeys(prefix);
		this.#taskKey = Piece.of(this.#keys.task(""));
	}

	/**
	 * Puts tasks at the tails of their queues, all or none, but for queues that cannot take any.
	 *
	 * @returns for each task what its own queue refused it with, or undefined
	 * @throws what Redis or the connection gave for all of them
	 */
	async enqueue(tasks: readonly Task[]): Promise<readonly (Error | undefined)[]> {
		const ids: ByPriority<string> = [[], [], [], []];
		for (const task of tasks) ids[task.priority].push(task.id);
		const used = PRIORITIES.filter((priority) => ids[priority].length > 0);
		const replies = await this.#buffers.use(async (buffer) => {
			// MULTI, not a script: the JSON that MSET is given becomes the stored value, without a copy through Lua.
			buffer.begin(1);
			buffer.add("MULTI");
			const places = this.#addTasks(buffer, tasks);
			for (const priority of used) this.#addIds(buffer, priority, ids[priority], places[priority]);
			buffer.command("INCRBY", this.#keys.totalCount, String(tasks.length));
			buffer.command("SET", this.#keys.lastEnqueue, String(this.clock.now().unixSeconds));
			buffer.command("EXEC");
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

	/** @returns by priority, where each task's ID was written; -1 where that is not known */
	#addTasks(buffer: CommandBuffer, tasks: readonly Task[]): ByPriority<number> {
		const places: ByPriority<number> = [[], [], [], []];
		buffer.next(1 + 2 * tasks.length);
		buffer.add("MSET");
		for (const task of tasks) {
			if (task instanceof PlainTask) {
				places[task.priority].push(task.addTo(buffer, this.#taskKey));
			} else {
				places[task.priority].push(-1);
				buffer.add(this.#keys.task(task.id));
				buffer.add(encodeTask(task));
			}
		}
		return places;
	}

	#addIds(buffer: CommandBuffer, priority: Priority, ids: readonly string[], places: readonly number[]): void {
		buffer.next(2 + ids.length);
		buffer.add("RPUSH");
		buffer.add(this.#keys.queues[priority]);
		for (const [number, id] of ids.entries()) {
			const place = places[number] ?? -1;
			if (place < 0) {
				buffer.add(id);
				continue;
			}
			buffer.open(id.length);
			buffer.again(place, id.length);
			buffer.close();
		}
	}
}
