import { join } from "node:path";

/** How a program's monotonic clock differs from the kernel's. */
export interface WrongClock {
	readonly shiftNs: bigint;
	/** Above 0: it runs fast. */
	readonly driftPpm: number;
}

/** An agent that is started with this environment has that clock. */
export interface ClockInUse {
	readonly env: NodeJS.ProcessEnv;
	/** When it was on the kernel's clock that the wrong one showed this. */
	readonly trueUs: (wrongUs: number) => number;
}

const PRELOAD = join(import.meta.dirname, "preload");

/** Options for Node: clocks may be wrong; an agent keeps what it makes of the tasks that crossed hosts. */
export const WRONG_CLOCKS = `--require ${join(PRELOAD, "wrongClocks.cjs")}`;
const LOG_CROSSINGS = `--import ${join(PRELOAD, "crossings.mjs")}`;

/**
 * From now on; until now it differs by the shift alone.
 *
 * @param isShifted the program runs in a time namespace, which shifts its clock already
 */
export function monotonicAs({ shiftNs, driftPpm }: WrongClock, isShifted: boolean): ClockInUse {
	const nowNs = process.hrtime.bigint();
	const [shiftUs, fromUs, drift] = [Number(shiftNs) / 1e3, Number(nowNs) / 1e3, driftPpm / 1e6];
	const [addNs, fromNs] = isShifted ? [0n, nowNs + shiftNs] : [shiftNs, nowNs];
	return {
		env: { NODE_OPTIONS: `${WRONG_CLOCKS} ${LOG_CROSSINGS}`, SPOOLTEST_MONOTONIC: `${addNs},${driftPpm},${fromNs}` },
		trueUs: (wrongUs) => fromUs + (wrongUs - shiftUs - fromUs) / (1 + drift),
	};
}

/** A task that another host sent, as the agent that completed it recorded it; moments are on the clocks as they were read. */
export interface Crossing {
	readonly fromHost: number;
	/** Since the epoch on the sender's clock. */
	readonly intendedAtUs: number;
	readonly completedAtUs: number;
	/** What was added, for what the two clocks are apart. */
	readonly correctionUs: number;
	readonly responseUs: number;
}
