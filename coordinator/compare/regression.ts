import { expected, type Parsed, parsed } from "../plan/quantities.js";
import { HEADLINE_METRICS, METRICS, type Metric } from "./metrics.js";
import type { ComparedMetric, Comparison } from "./schema.js";
import { amountText, changeText } from "./sentences.js";

/** How much worse a metric may become, by its key: a share of the baseline's value, or a difference. */
export type Limits = ReadonlyMap<string, number>;

const PERCENT = /^(\d+(?:\.\d+)?)%$/;

/**
 * `5%`: of each headline metric, whose error rate has its own limit; or metric by metric, `throughput=5%,p99=20%`. What is
 * compared by its difference, such as the error rate, has its limit in percentage points, written alike.
 */
export function parseLimits(text: string): Parsed<Limits> {
	const all = parsePercent(text);
	if (all !== undefined) {
		return parsed(new Map(HEADLINE_METRICS.map(({ key, scale, delta }) => [key, scale === "ratio" ? all : delta])));
	}
	const limits = new Map<string, number>();
	for (const part of text.split(",")) {
		const [key = "", percent = "", ...rest] = part.trim().split("=");
		const share = parsePercent(percent);
		const metric = limitable().find((each) => each.key === key);
		if (share === undefined || metric === undefined || rest.length > 0 || limits.has(key)) {
			const keys = limitable().map((each) => each.key);
			return expected(
				`a percentage such as 5%, or one for a metric such as throughput=5%,p99=20% (of ${keys.join(", ")})`,
			);
		}
		limits.set(key, share);
	}
	return parsed(limits);
}

function parsePercent(text: string): number | undefined {
	const match = PERCENT.exec(text);
	return match ? Number(match[1]) / 100 : undefined;
}

function limitable(): Metric[] {
	return METRICS.filter(({ better, unit }) => better !== undefined && unit !== "count");
}

/**
 * What became worse by more than its limit. Where there are runs enough for an interval, a loss that it does not tell from
 * none is no regression; where there are not, the plain difference decides.
 */
export function regressionsOf(comparison: Comparison, limits: Limits): string[] {
	return comparison.points.flatMap((point) =>
		point.metrics.flatMap((compared) => {
			const metric = METRICS.find(({ key }) => key === compared.key);
			const limit = limits.get(compared.key);
			if (metric === undefined || limit === undefined || !hasRegressed(metric, compared, limit)) return [];
			const where = comparison.points.length > 1 ? ` at ${point.name}` : "";
			const amount =
				compared.interval === null
					? `${changeText(metric, compared.change ?? 0)}, by the plain difference, which proves nothing`
					: `worse by ${amountText(metric, compared)}`;
			return [`${metric.title}${where}: ${amount}; allowed is ${changeText(metric, limit).slice(1)}`];
		}),
	);
}

function hasRegressed({ better }: Metric, { change, interval }: ComparedMetric, limit: number): boolean {
	const loss = (rise: number) => (better === "higher" ? -rise : rise);
	if (change === null || loss(change) <= limit) return false;
	return interval === null || Math.min(loss(interval.low), loss(interval.high)) > 0;
}
