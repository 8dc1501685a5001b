import type { Metric } from "./metrics.js";
import type { Interval } from "./shift.js";

type Scale = Pick<Metric, "scale" | "better">;

/**
 * How much better `after` is than `before`, so that above 0 is better whatever the metric: the logarithm of their ratio, or
 * their difference. Where neither is better: how much higher. Undefined where a ratio has no meaning.
 */
export function gainOf(metric: Scale, before: number, after: number): number | undefined {
	const sign = metric.better === "lower" ? -1 : 1;
	if (metric.scale === "difference") return before === after ? 0 : sign * (after - before);
	return before > 0 && after > 0 ? sign * Math.log(after / before) : undefined;
}

/** The change of the value itself that a gain stands for: a share of the baseline's (0.05: 5 % higher), or a difference. */
export function changeOf(metric: Scale, gain: number): number {
	const rise = metric.better === "lower" ? -gain : gain;
	return metric.scale === "difference" ? rise + 0 : Math.expm1(rise);
}

/** The same of an interval, whose ends change places where lower is better. */
export function changesOf(metric: Scale, gains: Interval): Interval {
	const [one, other] = [changeOf(metric, gains.low), changeOf(metric, gains.high)];
	return { low: Math.min(one, other), high: Math.max(one, other) };
}

/** The gain of a change (a share of the value, or a difference) for the better. */
export function gainOfDelta(metric: Scale, delta: number): number {
	return metric.scale === "difference" ? delta : Math.log1p(delta);
}
