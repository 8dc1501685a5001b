import type { Distribution } from "../../proto/histogram.js";
import { censoredPercentile, type Unfinished } from "../analysis/censored.js";
import { rounded } from "./figures.js";
import type { ReportRun } from "./schema.js";

/** Points for each halving of what lies above, as HdrHistogram's own percentile output has them. */
const POINTS_A_HALVING = 5;

/** A percentile with fewer values above it is not drawn. */
const LEAST_ABOVE = 10;

/** Times, and how many tasks have none. */
interface Times {
	readonly values: Distribution;
	readonly unfinished: Unfinished;
}

/** @param uncorrected undefined where these times are the response times */
export function percentileCurveOf(response: Times, uncorrected: Times | undefined): ReportRun["percentileCurve"] {
	const total = response.values.count + response.unfinished.count;
	const percent: number[] = [];
	for (let point = 0; ; point++) {
		const above = 2 ** (-point / POINTS_A_HALVING);
		const isAmongFinished = (1 - above) * total <= response.values.count;
		if (above * total < LEAST_ABOVE || !isAmongFinished) break;
		percent.push(rounded(100 * (1 - above), 6));
	}
	const of = ({ values, unfinished }: Times) =>
		percent.map((each) => rounded(censoredPercentile(values, each, unfinished).us));
	return { percent, responseTimeUs: of(response), uncorrectedResponseTimeUs: uncorrected ? of(uncorrected) : [] };
}
