import { beyondChance } from "./judgement.js";
import { METRICS, type Metric } from "./metrics.js";
import type { ComparedMetric, ComparedPoint, Comparison } from "./schema.js";
import { amountText, capitalized, changeText, equivalenceText, intervalText, plainText } from "./sentences.js";

interface Found {
	readonly metric: Metric;
	readonly compared: ComparedMetric;
	/** With the point's name, where there are several. */
	readonly title: string;
}

/**
 * One verdict on a comparison, made of its headline metrics. Each of them has its own chance of 1 in 20 to alarm for nothing;
 * so that theirs together is no higher, they must pass Simes's test before any of them counts as a change.
 */
export function overallOf(points: readonly ComparedPoint[], unit: "pairs" | "runs a side"): Comparison["verdict"] {
	const found = points.flatMap((point) => headlines(point, points.length > 1));
	const judged = found.filter(({ compared }) => compared.outcome !== null);
	if (judged.length === 0) return { outcome: null, sentence: noVerdict(found) };
	const of = (outcome: ComparedMetric["outcome"]) => judged.filter(({ compared }) => compared.outcome === outcome);
	const [better, worse, open] = [of("better"), of("worse"), of("inconclusive")];
	const changed = [...better, ...worse];
	const pValues = judged.filter(({ compared }) => varies(compared)).flatMap(({ compared }) => compared.pValue ?? []);
	if (changed.length > 0 && !beyondChance(pValues)) {
		const sentence =
			`Inconclusive: ${list(changed, claimText)}, but one of ${pValues.length} metrics does that by chance too often; ` +
			`more ${unit} would settle it.`;
		return { outcome: "inconclusive", sentence };
	}
	if (better.length > 0 && worse.length > 0) {
		return { outcome: "mixed", sentence: `Mixed: ${list(better, claimText)}; ${list(worse, claimText)}.` };
	}
	if (better.length > 0) {
		return { outcome: "better", sentence: `Better: ${list(better, byText)}; nothing that is judged is worse.` };
	}
	if (worse.length > 0) {
		return { outcome: "worse", sentence: `Worse: ${list(worse, byText)}; nothing that is judged is better.` };
	}
	if (open.length === 0) return { outcome: "equivalent", sentence: `Equivalent: ${list(judged, withinText)}.` };
	const needed = Math.max(...open.map(({ compared }) => compared.runsNeeded ?? 0));
	return {
		outcome: "inconclusive",
		sentence: `Inconclusive: ${list(open, openText)}; about ${needed} ${unit} would settle it.`,
	};
}

/** The metrics of a point that the overall verdict is made of, as far as both sides know them. */
function headlines(point: ComparedPoint, named: boolean): Found[] {
	return point.metrics.flatMap((compared) => {
		const metric = METRICS.find(({ key }) => key === compared.key);
		if (!metric?.headline || compared.change === null) return [];
		return [{ metric, compared, title: named ? `${metric.title} at ${point.name}` : metric.title }];
	});
}

/** What is the same in every run, as no errors are, says nothing for or against a change. */
function varies({ baseline, candidate }: ComparedMetric): boolean {
	return new Set([...baseline.values, ...candidate.values]).size > 1;
}

function noVerdict(found: readonly Found[]): string {
	if (found.length === 0) return "No verdict: there is no metric that both sides know.";
	return `No verdict: one run a side proves nothing. ${capitalized(list(found, ({ title, metric, compared }) => `${title} ${plainText(metric, compared)}`))}.`;
}

const byText = ({ title, metric, compared }: Found) => `${title} by ${amountText(metric, compared)}`;
const claimText = (found: Found) =>
	`${found.title} is ${found.compared.outcome} by ${amountText(found.metric, found.compared)}`;
const withinText = ({ title, metric, compared }: Found) => `${title} ${equivalenceText(metric, compared)}`;
const openText = ({ title, metric, compared }: Found) =>
	`${title} ${changeText(metric, compared.change ?? 0)}${intervalText(metric, compared.interval)}`;

function list(found: readonly Found[], text: (found: Found) => string): string {
	return found.map(text).join(", ");
}
