/** What is measured over all rounds, in tasks per second where nothing else is said. */
export interface Figures {
	/** By the name of what was measured; one value a round. */
	readonly rates: ReadonlyMap<string, readonly number[]>;
	/** Peak RSS of an agent in bytes, by the number of tasks. */
	readonly peakRssBytes: ReadonlyMap<number, number>;
}

export interface Bar {
	readonly name: string;
	readonly value: number;
	readonly bar: number;
	/** A value at the bar or on its good side is good. */
	readonly good: "above" | "below";
	readonly met: boolean;
}

export function median(values: readonly number[]): number {
	const sorted = [...values].sort((a, b) => a - b);
	const middle = sorted.length / 2;
	return sorted.length % 2 === 1
		? (sorted[Math.floor(middle)] ?? 0)
		: ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/**
 * The median over rounds of one rate divided by another of the same round: what slows the machine down for a while slows
 * both.
 */
export function ratio(figures: Figures, above: string, below: string): number | undefined {
	const [over, under] = [figures.rates.get(above) ?? [], figures.rates.get(below) ?? []];
	const ratios = over.flatMap((value, round) => (under[round] === undefined ? [] : [value / under[round]]));
	return ratios.length === 0 ? undefined : median(ratios);
}

interface Rule {
	readonly name: string;
	readonly bar: number;
	readonly good: Bar["good"];
	readonly value: (figures: Figures) => number | undefined;
}

const rate = (name: string) => (figures: Figures) => {
	const values = figures.rates.get(name) ?? [];
	return values.length === 0 ? undefined : median(values);
};

const RSS_BYTES = 200e6;

const RULES: readonly Rule[] = [
	{ name: "fused ÷ limit", bar: 0.7, good: "above", value: (all) => ratio(all, "fused", "limit") },
	{ name: "fused ÷ BullMQ", bar: 3.5, good: "above", value: (all) => ratio(all, "fused", "bullmq") },
	{ name: "fused ÷ bee-queue", bar: 2, good: "above", value: (all) => ratio(all, "fused", "bee-queue") },
	{ name: "classic, an agent, poll 0", bar: 5_000, good: "above", value: rate("classic") },
	{ name: "producers alone, classic", bar: 20_000, good: "above", value: rate("producers classic") },
	{ name: "producers alone, fused", bar: 40_000, good: "above", value: rate("producers fused") },
	{ name: "recording off ÷ on", bar: 1.05, good: "below", value: (all) => ratio(all, "recording off", "recording on") },
	{ name: "peak RSS of an agent, bytes", bar: RSS_BYTES, good: "below", value: (all) => rss(all)?.at(-1) },
	{ name: "peak RSS, most ÷ fewest tasks", bar: 1.1, good: "below", value: growthOfRss },
];

function rss(figures: Figures): number[] | undefined {
	const byTasks = [...figures.peakRssBytes].sort(([a], [b]) => a - b);
	return byTasks.length < 2 ? undefined : byTasks.map(([, bytes]) => bytes);
}

function growthOfRss(figures: Figures): number | undefined {
	const all = rss(figures);
	return all && (all.at(-1) ?? 0) / (all[0] ?? 1);
}

/** Each bar of what was measured. */
export function judge(figures: Figures): Bar[] {
	return RULES.flatMap(({ name, bar, good, value }) => {
		const measured = value(figures);
		if (measured === undefined) return [];
		return [{ name, value: measured, bar, good, met: good === "above" ? measured >= bar : measured <= bar }];
	});
}
