/** M/M/c: Poisson arrivals, exponential service, c servers, one queue in the order of arrival. */
export interface QueueSetting {
	/** λ, arrivals a second. */
	readonly arrivalsPerSecond: number;
	/** 1/μ. */
	readonly meanServiceMs: number;
	/** c. */
	readonly servers: number;
}

/** λ/(cμ): the share of its time that a server works. The queue is stable below 1. */
export function utilization({ arrivalsPerSecond, meanServiceMs, servers }: QueueSetting): number {
	return (arrivalsPerSecond * meanServiceMs) / 1_000 / servers;
}

/**
 * Erlang's C(c, a): the probability that an arrival has to wait. From Erlang's B by the recurrence
 * B(0) = 1, B(k) = a·B(k−1) / (k + a·B(k−1)), which overflows nowhere; C = B / (1 − ρ·(1 − B)) (Cooper, Introduction to
 * Queueing Theory, §3.4).
 *
 * @throws RangeError where the queue is not stable
 */
export function waitProbability(setting: QueueSetting): number {
	const load = (setting.arrivalsPerSecond * setting.meanServiceMs) / 1_000;
	const rho = utilization(setting);
	if (!(rho > 0 && rho < 1)) throw new RangeError(`a queue with a utilization of ${rho} has no steady state`);
	let blocking = 1;
	for (let server = 1; server <= setting.servers; server++) {
		blocking = (load * blocking) / (server + load * blocking);
	}
	return blocking / (1 - rho * (1 - blocking));
}

/** cμ − λ, a millisecond: how fast a queue that has formed goes down. */
function drainPerMs({ arrivalsPerSecond, meanServiceMs, servers }: QueueSetting): number {
	return servers / meanServiceMs - arrivalsPerSecond / 1_000;
}

/** P(W > t) = C(c, a)·e^{−(cμ−λ)t}. */
export function waitsLongerThan(setting: QueueSetting, ms: number): number {
	return waitProbability(setting) * Math.exp(-drainPerMs(setting) * ms);
}

/** E[W] = C(c, a) / (cμ − λ), in milliseconds. */
export function meanWaitMs(setting: QueueSetting): number {
	return waitProbability(setting) / drainPerMs(setting);
}

/** E[T] = E[W] + 1/μ, in milliseconds. */
export function meanResponseMs(setting: QueueSetting): number {
	return meanWaitMs(setting) + setting.meanServiceMs;
}

/**
 * P(T > t) of T = W + S: a task that need not wait is served for Exp(μ); the wait of one that must is Exp(α), α = cμ − λ, so
 * that P(W + S > t | W > 0) = (α·e^{−μt} − μ·e^{−αt}) / (α − μ), and (1 + μt)·e^{−μt} where both are equal.
 */
export function respondsLongerThan(setting: QueueSetting, ms: number): number {
	const wait = waitProbability(setting);
	const serve = 1 / setting.meanServiceMs;
	const drain = drainPerMs(setting);
	const served = Math.exp(-serve * ms);
	const difference = drain - serve;
	const waited =
		Math.abs(difference) < 1e-9 * serve
			? (1 + serve * ms) * served
			: (drain * served - serve * Math.exp(-drain * ms)) / difference;
	return (1 - wait) * served + wait * waited;
}

const BISECTIONS = 60;

/** The response time that a share of the tasks does not exceed, in milliseconds. @param share above 0 and below 1 */
export function responseQuantileMs(setting: QueueSetting, share: number): number {
	let low = 0;
	let high = setting.meanServiceMs;
	while (respondsLongerThan(setting, high) > 1 - share) high *= 2;
	for (let step = 0; step < BISECTIONS; step++) {
		const middle = (low + high) / 2;
		if (respondsLongerThan(setting, middle) > 1 - share) low = middle;
		else high = middle;
	}
	return (low + high) / 2;
}
