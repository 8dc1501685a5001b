import type { Engine, EngineParts, Shift } from "./engine.js";
import { Arrivals } from "./spool/arrivals.js";
import { FusedQueue } from "./spool/fused.js";
import { FusedSender } from "./spool/fusedSender.js";
import { GroupedEnqueue } from "./spool/groupedEnqueue.js";
import { PRIORITIES } from "./spool/keys.js";
import { FusedWorkers, LANES } from "./work/fusedWorkers.js";

/**
 * A consumer that gave no sign of life for so long has lost what it held. As long as an agent's own lease with its
 * coordinator, and renewed ten times meanwhile.
 */
const LEASE_MS = 10_000;

/** Batches in both directions, workers woken by arrivals. A worker stands for `concurrency` handlers at once. */
export async function openFusedEngine(parts: EngineParts): Promise<Engine> {
	const { slice, keyPrefix, open, clock, nowUs, onNotice } = parts;
	const { count, concurrency } = slice.workers ?? { count: 0, concurrency: 0 };
	const slots = count * concurrency;
	const [sending, working, watching] = await Promise.all([
		open("sending"),
		Promise.all(Array.from({ length: slots === 0 ? 1 : LANES }, () => open("working"))),
		Promise.all(slots === 0 ? [] : PRIORITIES.map(() => open("arrivals"))),
	]);
	const [first, ...further] = working.map((redis) => new FusedQueue(redis, keyPrefix, LEASE_MS));
	if (!first) throw new Error("no connection to work on");
	await Promise.all([first, ...further].map((queue) => queue.prepare()));
	const sender = new FusedSender(sending, keyPrefix, clock);
	const grouped = new GroupedEnqueue((tasks) => sender.enqueue(tasks), slice.batch);
	let workers: FusedWorkers | undefined;
	let arrivals: Arrivals | undefined;

	const connections = [sending, ...working, ...watching];
	return {
		get owed() {
			return workers?.owed ?? 0;
		},
		enqueue: (task) => grouped.enqueue(task),
		async work({ handlers, observer, stop, abandon }: Shift) {
			const consumer = new FusedWorkers({
				queues: [first, ...further],
				slots,
				batch: slice.batch,
				leaseMs: LEASE_MS,
				handlers,
				observer,
				nowUs,
				clock,
				onEmpty: () => arrivals?.watch(),
				onTakenBack: (tasks) => onNotice(`${tasks} tasks taken back from a consumer whose lease ended`),
				stop,
				abandon,
			});
			workers = consumer;
			arrivals = new Arrivals(
				watching,
				keyPrefix,
				() => consumer.arrived(),
				(error) => observer.failed(error, undefined),
			);
			await consumer.run();
			arrivals.close();
		},
		abandon() {
			arrivals?.close();
			for (const redis of connections) redis.disconnect();
		},
	};
}
