/** A reproducible source of numbers in (0, 1): Park and Miller's. */
export function randomSource(seed: number): () => number {
	let state = seed;
	return () => {
		state = (state * 16_807) % 2_147_483_647;
		return state / 2_147_483_647;
	};
}
