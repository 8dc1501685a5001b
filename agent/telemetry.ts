import { setImmediate as eventLoopTurn } from "node:timers/promises";
import type { Snapshot } from "../proto/gen/cluster.js";
import { type Measurements, Stage } from "../proto/gen/measurement.js";
import { AgentStatus } from "../proto/gen/telemetry.js";
import { Distribution } from "../proto/histogram.js";
import { natsUrlFault } from "../proto/natsUrl.js";
import { TelemetryPublisher } from "../proto/telemetryPublisher.js";
import { agentSubject } from "../proto/telemetrySubjects.js";
import type { Logger } from "./log.js";

export interface TelemetryOptions {
	/** What this agent's own configuration says. It goes before what the coordinator says. */
	readonly ownUrl: string | undefined;
	/** Empty: nowhere. */
	readonly coordinatorsUrl: string;
	/** Whether the coordinator may name the servers that this agent dials. */
	readonly trusting: boolean;
	readonly agent: number;
	readonly log: Logger;
}

/** Publishes what this agent has done, for onlookers: a status with each delta. It may be lost, and nothing waits for it. */
export class Telemetry {
	#sequence = 0;
	#subject: string | undefined;
	#responseTime = Distribution.empty("us");

	private constructor(
		private readonly publisher: TelemetryPublisher,
		private readonly options: TelemetryOptions,
	) {}

	/** Begins to dial. @returns undefined where there is no server to publish to, or none that this agent may dial */
	static open(options: TelemetryOptions): Telemetry | undefined {
		const { ownUrl, coordinatorsUrl, trusting, agent, log } = options;
		const url = ownUrl ?? coordinatorsUrl;
		if (url === "") return undefined;
		const fault = natsUrlFault(url);
		if (fault !== undefined || (ownUrl === undefined && !trusting)) {
			const reason = fault ?? "this agent dials only what its own configuration names, and that has no --nats";
			log.warn({ reason }, "no telemetry");
			return undefined;
		}
		const onNotice = (level: "info" | "warn", notice: string) => log[level](`telemetry: ${notice}`);
		return new Telemetry(new TelemetryPublisher({ url, name: `spool-bench-agent-${agent}`, onNotice }), options);
	}

	/** From now on it is told of another run. */
	begin(runId: string): void {
		this.#sequence = 0;
		this.#subject = agentSubject(runId, this.options.agent);
		this.#responseTime = Distribution.empty("us");
	}

	/**
	 * A histogram takes long enough to read and to encode that what is due to be sent would be held up: the event loop gets its
	 * turn before each. Never rejects. To be called again only when it has settled, or after `begin`.
	 *
	 * @param delta what was measured since the last call, or since `begin`
	 */
	async publish(snapshot: Snapshot, delta: Measurements): Promise<void> {
		const subject = this.#subject;
		const responseTime = this.#responseTime;
		if (subject === undefined) return;
		const fresh = delta.stages.find(({ stage }) => stage === Stage.RESPONSE_TIME);
		await eventLoopTurn();
		if (fresh) responseTime.add(Distribution.decode(fresh));
		await eventLoopTurn();
		const status: AgentStatus = {
			sequence: ++this.#sequence,
			monotonicNowUs: snapshot.monotonicNowUs,
			totals: snapshot.totals,
			inFlight: snapshot.inFlight,
			backlog: snapshot.backlog,
			responseTime: responseTime.count > 0 ? responseTime.encode(Stage.RESPONSE_TIME) : undefined,
			dropped: this.publisher.dropped,
		};
		this.publisher.offer(subject, AgentStatus.encode(status).finish());
	}

	/** Publishes a run's last status. @param result what was measured in the whole run */
	publishResult(snapshot: Snapshot, result: Measurements): Promise<void> {
		this.#responseTime = Distribution.empty("us");
		const published = this.publish(snapshot, result);
		this.#subject = undefined;
		return published;
	}

	/** Takes a second at the most where the server is slow. May be called twice. */
	async close(): Promise<void> {
		await this.publisher.close();
		const { published, dropped } = this.publisher;
		this.options.log.info({ published, dropped }, "telemetry ended");
	}
}
