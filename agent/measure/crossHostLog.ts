import { type FromHost, Stage } from "../../proto/gen/measurement.js";
import type { HostClock } from "./clockOfHost.js";
import { StageLog } from "./stagelog.js";
import type { Stamp } from "./stamp.js";

/** Response times between two hosts, and those of any task that came out below zero. */
export class CrossHostLog {
	readonly #crossing = new StageLog(Stage.CROSS_HOST_RESPONSE_TIME, "us");
	readonly #negative = new StageLog(Stage.NEGATIVE_RESPONSE_TIME, "us");
	readonly #fromHosts = new Map<number, FromHost>();

	constructor(private readonly clock: HostClock) {}

	get stages(): readonly StageLog[] {
		return [this.#crossing, this.#negative];
	}

	get fromHosts(): FromHost[] {
		return [...this.#fromHosts.values()].map((from) => ({ ...from }));
	}

	/**
	 * What to add to a moment of this host's clock so that the times of a stamp can be taken from it. Within one host both are
	 * readings of one clock; across hosts both sides are corrected.
	 *
	 * @param atUs on this host's clock
	 */
	correctionUs({ hostIndex, correctionUs }: Stamp, atUs: number): number {
		return hostIndex === this.clock.hostIndex ? 0 : this.clock.correctionUs(atUs) - correctionUs;
	}

	/** @param responseUs of a task that was completed here */
	record({ hostIndex }: Stamp, responseUs: number): void {
		if (responseUs < 0) this.#negative.record(-responseUs);
		if (hostIndex === this.clock.hostIndex) return;
		this.#crossing.record(responseUs);
		const from = this.#fromHosts.get(hostIndex) ?? { hostIndex, tasks: 0, negative: 0, mostNegativeUs: 0 };
		this.#fromHosts.set(hostIndex, from);
		from.tasks++;
		if (responseUs >= 0) return;
		from.negative++;
		from.mostNegativeUs = Math.min(from.mostNegativeUs, responseUs);
	}
}
