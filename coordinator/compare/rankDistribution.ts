/** The distribution of a rank statistic where there is no difference; symmetric on 0, 1, …, `max`. */
export interface RankDistribution {
	readonly max: number;
	/** P(S ≤ s) */
	readonly atMost: (s: number) => number;
}

/** Beyond these, the normal approximation is as good, and the exact distribution slow to come by. */
const SIGNED_RANK_EXACT_MAX = 200;
const RANK_SUM_EXACT_MAX = 50;

/**
 * Of Wilcoxon's signed-rank statistic for n pairs: each of the ranks 1 … n counts or not, with probability ½ each
 * (Hollander & Wolfe, Nonparametric Statistical Methods, §3.1).
 */
export function signedRankDistribution(n: number): RankDistribution {
	const max = (n * (n + 1)) / 2;
	if (n > SIGNED_RANK_EXACT_MAX) return normal(max, Math.sqrt((n * (n + 1) * (2 * n + 1)) / 24));
	let mass = new Float64Array([1]);
	for (let rank = 1; rank <= n; rank++) {
		const next = new Float64Array(mass.length + rank);
		for (const [sum, probability] of mass.entries()) {
			next[sum] = (next[sum] ?? 0) + probability / 2;
			next[sum + rank] = (next[sum + rank] ?? 0) + probability / 2;
		}
		mass = next;
	}
	return exact(mass);
}

/**
 * Of the Mann–Whitney statistic for m and n values: how many of the m·n pairs have the one above the other. By the recurrence
 * on the largest value, which belongs to the m with probability m/(m+n) and then lies above all n (Mann & Whitney 1947).
 */
export function rankSumDistribution(m: number, n: number): RankDistribution {
	const max = m * n;
	if (Math.max(m, n) > RANK_SUM_EXACT_MAX) return normal(max, Math.sqrt((max * (m + n + 1)) / 12));
	/** By the number of the n, for the m so far. */
	let row = Array.from({ length: n + 1 }, () => new Float64Array([1]));
	for (let ms = 1; ms <= m; ms++) {
		const next = [new Float64Array([1])];
		for (let ns = 1; ns <= n; ns++) {
			const mass = new Float64Array(ms * ns + 1);
			for (const [sum, probability] of (row[ns] ?? []).entries()) {
				mass[sum + ns] = (mass[sum + ns] ?? 0) + (probability * ms) / (ms + ns);
			}
			for (const [sum, probability] of (next[ns - 1] ?? []).entries()) {
				mass[sum] = (mass[sum] ?? 0) + (probability * ns) / (ms + ns);
			}
			next.push(mass);
		}
		row = next;
	}
	return exact(row[n] ?? new Float64Array([1]));
}

function exact(mass: Float64Array): RankDistribution {
	let sum = 0;
	const cumulated = mass.map((probability) => (sum += probability));
	const max = mass.length - 1;
	return { max, atMost: (s) => (s < 0 ? 0 : (cumulated[Math.min(s, max)] ?? 1)) };
}

function normal(max: number, deviation: number): RankDistribution {
	return { max, atMost: (s) => normalAtMost((s + 0.5 - max / 2) / deviation) };
}

/** P(Z ≤ z), within 7.5e-8 (Abramowitz & Stegun 26.2.17). */
function normalAtMost(z: number): number {
	const t = 1 / (1 + 0.2316419 * Math.abs(z));
	const polynomial = t * (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
	const upper = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
	return z > 0 ? 1 - upper : upper;
}
