import type { Engine, EngineParts, Shift } from "./engine.js";
import { ClassicQueue } from "./spool/classic.js";
import { Ticker } from "./work/ticker.js";
import { runWorker } from "./work/worker.js";

/** Spool's own way: one command after the other, workers that poll. */
export async function openClassicEngine({ slice, keyPrefix, open, clock, nowUs }: EngineParts): Promise<Engine> {
	const [sending, working] = await Promise.all([open("sending"), open("working")]);
	// Errors that Spool passes over, too: known to whoever observes the workers.
	let onIgnored: (error: Error) => void = () => {};
	const producing = new ClassicQueue(sending, keyPrefix, clock, (error) => onIgnored(error));
	const { count, pollIntervalMs } = slice.workers ?? { count: 0, pollIntervalMs: 0 };
	return {
		owed: 0,
		enqueue: (task) => producing.enqueue(task),
		async work({ handlers, observer, epochUs, stop, abandon }: Shift) {
			onIgnored = (error) => observer.failed(error, undefined);
			const worker = () => {
				const queue = new ClassicQueue(working, keyPrefix, clock, onIgnored);
				const ticker = new Ticker(pollIntervalMs, epochUs / 1_000);
				return runWorker({ queue, handlers, ticker, observer, nowUs, stop, abandon });
			};
			await Promise.all(Array.from({ length: count }, worker));
		},
		abandon() {
			sending.disconnect();
			working.disconnect();
		},
	};
}
