/** Numbers in [0, 1) that a seed of 32 bits determines: mulberry32, by Tommy Ettinger, in the public domain. */
export function randomFrom(seed: number): () => number {
	let state = seed >>> 0;
	return () => {
		state = (state + 0x6d2b79f5) >>> 0;
		let mixed = Math.imul(state ^ (state >>> 15), state | 1);
		mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
		return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
	};
}

/** A copy in an order that the seed determines, each order as likely as any other (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], seed: number): T[] {
	const random = randomFrom(seed);
	const copy = [...items];
	for (let last = copy.length - 1; last > 0; last--) {
		const chosen = Math.floor(random() * (last + 1));
		[copy[last], copy[chosen]] = [copy[chosen] as T, copy[last] as T];
	}
	return copy;
}
