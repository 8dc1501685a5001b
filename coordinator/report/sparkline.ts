const BARS = "▁▂▃▄▅▆▇█";

/** One character a rate, the highest of them full height. What is not 0 stands above what is. */
export function sparkline(rates: readonly number[]): string {
	const highest = Math.max(0, ...rates);
	return rates.map((rate) => BARS[highest > 0 ? levelOf(rate / highest) : 0]).join("");
}

function levelOf(share: number): number {
	return share <= 0 ? 0 : Math.min(7, Math.max(1, Math.floor(share * 8)));
}
