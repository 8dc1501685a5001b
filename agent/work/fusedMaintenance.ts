import type { FusedQueue } from "../spool/fused.js";

export interface MaintenanceOptions {
	readonly queue: FusedQueue;
	readonly leaseMs: number;
	/** Who are to be kept alive. */
	readonly consumers: () => readonly string[];
	/** Called each time before the leases are renewed. */
	readonly beforeEach: () => Promise<void>;
	/** Told of tasks that were taken back from consumers that are gone. */
	readonly onTakenBack: (tasks: number) => void;
	readonly onError: (error: Error) => void;
}

/** Ten times a lease it renews the leases, takes back what the dead held, and enqueues retries; these also when they are due. */
export class Maintenance {
	readonly #intervalMs: number;
	readonly #timer: NodeJS.Timeout;
	#nextRetry: NodeJS.Timeout | undefined;
	#owed = 0;
	#stopped = false;

	constructor(private readonly options: MaintenanceOptions) {
		this.#intervalMs = options.leaseMs / 10;
		this.#timer = setInterval(() => void this.#once(), this.#intervalMs);
	}

	/** Retries that wait, and other consumers that hold something, when it last looked. */
	get owed(): number {
		return this.#owed;
	}

	stop(): void {
		this.#stopped = true;
		clearInterval(this.#timer);
		clearTimeout(this.#nextRetry);
	}

	#expectRetry(inMs: number | undefined): void {
		if (inMs === undefined || inMs > this.#intervalMs || this.#stopped) return;
		clearTimeout(this.#nextRetry);
		this.#nextRetry = setTimeout(() => void this.#once(), Math.max(1, inMs));
	}

	async #once(): Promise<void> {
		const { queue, consumers, beforeEach, onTakenBack, onError } = this.options;
		try {
			await beforeEach();
			const { owed, takenBack, nextRetryMs } = await queue.maintain(...consumers());
			this.#owed = owed;
			if (takenBack > 0) onTakenBack(takenBack);
			this.#expectRetry(nextRetryMs);
		} catch (error) {
			if (!this.#stopped) onError(error as Error);
		}
	}
}
