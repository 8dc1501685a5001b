import { type Faults, Sabotage, type Slice, type TaskNumber } from "../proto/gen/slice.js";

/** What a self-test planted in a run's slices, in words; nothing in every other run. */
export function plantedFaults(slices: readonly Slice[]): string[] {
	return slices.flatMap(({ agentIndex, faults }) => (faults ? described(faults, agentIndex) : []));
}

const SABOTAGES: Readonly<Record<Sabotage, string>> = {
	[Sabotage.UNSPECIFIED]: "",
	[Sabotage.SENT_TIME]: "counts response times from the moment of sending",
	[Sabotage.SKIPPED_ENTRY]: "leaves a completed task out of its ledger",
};

function described(faults: Faults, agent: number): string[] {
	const { stallAtMs, stallForMs, lose, repeat, clockOffsetUs, sabotage } = faults;
	const sentences = [
		stallForMs > 0 ? `stands still for ${stallForMs} ms, ${stallAtMs} ms into the run` : "",
		lose.length > 0 ? `loses the tasks ${named(lose)}` : "",
		repeat.length > 0 ? `sends the tasks ${named(repeat)} again when they are done` : "",
		clockOffsetUs !== 0 ? `misreads Redis's clock by ${clockOffsetUs} µs` : "",
		SABOTAGES[sabotage],
	];
	return sentences.filter((sentence) => sentence !== "").map((sentence) => `agent ${agent} ${sentence}`);
}

/** As producer/sequence. */
function named(tasks: readonly TaskNumber[]): string {
	return tasks.map(({ producer, sequence }) => `${producer}/${sequence}`).join(", ");
}
