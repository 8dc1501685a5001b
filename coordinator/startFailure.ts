import { FailureKind } from "../proto/gen/cluster.js";
import type { Fleet } from "./fleet/fleet.js";
import type { Participant } from "./participant.js";

const EXIT_BAD_INPUT = 2;
const EXIT_ABORTED = 4;
const EXIT_AGENTS_MISSING = 5;

/** The run could not start. `exitCode` is the process's (robustness.md). */
export class StartError extends Error {
	constructor(
		readonly exitCode: number,
		message: string,
	) {
		super(message);
	}
}

/** A run that should start now. */
export interface StartingRun {
	readonly participants: readonly Participant[];
	readonly fleet: Pick<Fleet, "assembled" | "hopeless" | "missing" | "size">;
	readonly interrupt: AbortSignal;
	/** What an agent that is there has not done, for the message: "not ready within 60 s". */
	readonly late: string;
	readonly isLate: (participant: Participant) => boolean;
}

/** Why the run cannot start, with every agent that is in the way named; undefined when it can. */
export function startFailure(run: StartingRun): StartError | undefined {
	const { participants, fleet, interrupt } = run;
	if (interrupt.aborted) {
		return new StartError(EXIT_ABORTED, `interrupted by ${String(interrupt.reason)} before the start`);
	}
	const failed = participants.find(({ failure }) => failure);
	if (failed?.failure) {
		const exitCode = failed.failure.kind === FailureKind.INTERNAL ? EXIT_AGENTS_MISSING : EXIT_BAD_INPUT;
		const who = participants.length > 1 ? `agent ${failed.index}: ` : "";
		return new StartError(exitCode, `${who}${failed.failure.message}`);
	}
	const absent = fleet.hopeless ?? "did not join";
	const missing = participants
		.filter((participant) => !participant.alive || run.isLate(participant))
		.map(({ index, loss, member }) => {
			const host = member?.hello.host?.hostname;
			const where = host ? ` (${host}, process ${member?.hello.pid})` : "";
			return `agent ${index}${where}: ${loss?.reason ?? (member ? run.late : absent)}`;
		});
	// Places that this run has no work for: a later run of the sweep does.
	const idle = fleet.assembled ? [] : fleet.missing.filter((index) => index >= participants.length);
	const lines = [...missing, ...idle.map((index) => `agent ${index}: ${absent}`)];
	if (lines.length === 0) return undefined;
	return new StartError(
		EXIT_AGENTS_MISSING,
		`${lines.length} of ${fleet.size} agents are missing\n  ${lines.join("\n  ")}`,
	);
}
