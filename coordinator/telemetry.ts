import { PlanStatus } from "../proto/gen/telemetry.js";
import { TelemetryPublisher } from "../proto/telemetryPublisher.js";
import { planSubject } from "../proto/telemetrySubjects.js";
import type { FleetRun } from "./fleetRun.js";
import type { Logger } from "./log.js";
import { placeOf } from "./runProgress.js";

const STATUS_INTERVAL_MS = 1_000;

export interface PlanTelemetryOptions {
	/** See `natsUrlFault`. */
	readonly url: string;
	/** The runs' IDs begin with it. */
	readonly executionId: string;
	readonly runCount: number;
	readonly log: Logger;
}

/** Publishes once a second where the plan is, for onlookers, until it is closed. It may be lost, and nothing waits for it. */
export class PlanTelemetry {
	readonly #publisher: TelemetryPublisher;
	readonly #beating: NodeJS.Timeout;
	#sequence = 0;
	#run: FleetRun | undefined;
	#closed: Promise<void> | undefined;

	/** @throws Error with a sentence where the URL is none */
	constructor(private readonly options: PlanTelemetryOptions) {
		const { url, executionId, log } = options;
		this.#publisher = new TelemetryPublisher({
			url,
			name: "spool-bench-coordinator",
			onNotice: (level, notice) => log[level]({ execution: executionId }, `telemetry: ${notice}`),
		});
		this.#beating = setInterval(() => this.#publish(undefined), STATUS_INTERVAL_MS);
	}

	/** From now on this run is the one that is told of. */
	show(run: FleetRun): void {
		const isNew = run !== this.#run;
		this.#run = run;
		if (isNew) this.#publish(undefined);
	}

	/** Tells that the plan is over. Takes a second at the most where the server is slow. Only the first call counts. */
	close(exitCode: number): Promise<void> {
		this.#closed ??= this.#close(exitCode);
		return this.#closed;
	}

	async #close(exitCode: number): Promise<void> {
		clearInterval(this.#beating);
		this.#publish(exitCode);
		await this.#publisher.close();
		const { published, dropped } = this.#publisher;
		this.options.log.info({ execution: this.options.executionId, published, dropped }, "telemetry ended");
	}

	#publish(exitCode: number | undefined): void {
		if (!this.#run) return;
		const place = placeOf(this.#run, performance.now());
		const status: PlanStatus = {
			sequence: ++this.#sequence,
			name: place.name,
			ordinal: place.runIndex,
			runCount: this.options.runCount,
			phase: place.phase,
			elapsedMs: place.elapsedMs,
			tasks: place.total ?? 0,
			durationMs: place.durationMs ?? 0,
			agentsAlive: place.agentsAlive,
			agentsTotal: place.agentsTotal,
			end: exitCode === undefined ? undefined : { exitCode },
		};
		this.#publisher.offer(planSubject(this.options.executionId), PlanStatus.encode(status).finish());
	}
}
