import type { Engine, EngineParts, Shift } from "./engine.js";
import { Arrivals } from "./spool/arrivals.js";
import { FusedQueue } from "./spool/fused.js";
import { GroupedEnqueue } from "./spool/groupedEnqueue.js";
import { PRIORITIES } from "./spool/keys.js";
import { FusedWorkers } from "./work/fusedWorkers.js";

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
	const [sending, working] = await Promise.all([open("sending"), open("working")]);
	const watching = slots === 0 ? [] : await Promise.all(PRIORITIES.map(() => open("arrivals")));
	const queue = new FusedQueue(working, keyPrefix, clock, LEASE_MS);
	await queue.prepare();
	const producing = new FusedQueue(sending, keyPrefix, clock, LEASE_MS);
	const grouped = new GroupedEnqueue((tasks) => producing.enqueue(tasks), slice.batch);
	let workers: FusedWorkers | undefined;
	let arrivals: Arrivals | undefined;

	const connections = [sending, working, ...watching];
	return {
		get owed() {
			return workers?.owed ?? 0;
		},
		enqueue: (task) => grouped.enqueue(task),
		async work({ handlers, observer, stop, abandon }: Shift) {
			const consumer = new FusedWorkers({
				queue,
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
