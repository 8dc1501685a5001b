/** The candidate that was most likely meant, if one is close: another spelling, or two slips of the keyboard at most. */
export function suggest<T extends string>(word: string, candidates: readonly T[]): T | undefined {
	const plain = simplify(word);
	const ranked = candidates
		.map((candidate) => ({ candidate, slips: editDistance(plain, simplify(candidate)) }))
		.sort((a, b) => a.slips - b.slips);
	const best = ranked[0];
	return best && best.slips <= Math.min(2, Math.floor(plain.length / 3)) ? best.candidate : undefined;
}

function simplify(word: string): string {
	return word.toLowerCase().replace(/[-_ ]/g, "");
}

/** Levenshtein's distance. */
function editDistance(from: string, to: string): number {
	let previous = Array.from({ length: to.length + 1 }, (_, column) => column);
	for (let row = 1; row <= from.length; row++) {
		const current = [row];
		for (let column = 1; column <= to.length; column++) {
			const swap = (previous[column - 1] ?? 0) + (from[row - 1] === to[column - 1] ? 0 : 1);
			current.push(Math.min(swap, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
		}
		previous = current;
	}
	return previous[to.length] ?? 0;
}
