/**
 * Numbers in [0, 1) that a seed and a stream determine: sfc32 of Chris Doty-Humphrey's PractRand, in the public domain, with
 * 128 bits of state, so that the streams of one seed do not meet. Each number has 53 random bits.
 */
export function randomStream(seed: number, stream: number): () => number {
	let a = seed | 0;
	let b = stream | 0;
	let c = 0x9e3779b9 | 0;
	let counter = 1;
	const next = () => {
		const result = (((a + b) | 0) + counter) | 0;
		counter = (counter + 1) | 0;
		a = b ^ (b >>> 9);
		b = (c + (c << 3)) | 0;
		c = (((c << 21) | (c >>> 11)) + result) | 0;
		return result >>> 0;
	};
	// What the seeds leave alike has drowned after so many rounds.
	for (let round = 0; round < 20; round++) next();
	return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}
