import type { TaskShape } from "./gen/slice.js";

/** What is drawn for a task. */
export interface Draw {
	/** 0 low, 1 normal, 2 high, 3 critical. */
	readonly priority: number;
	readonly payloadBytes: number;
}

/**
 * What the tasks of one producer look like. The same for whoever asks: a task's priority and payload size depend on the
 * shape's seed, the producer and the sequence number alone.
 */
export function drawer(shape: TaskShape, producer: number): (sequence: number) => Draw {
	const weights = shape.priorityWeights;
	const sizes = shape.payload;
	const sizeWeights = sizes.map(({ weight }) => weight);
	const only = onlyOne(weights);
	const [first] = sizes;
	if (only !== undefined && sizes.length === 1 && first && first.leastBytes === first.mostBytes) {
		const constant = { priority: only, payloadBytes: first.leastBytes };
		return () => constant;
	}
	const stream = mix(shape.drawSeed ^ mix(producer + 1));
	return (sequence) => {
		const state = mix(stream ^ mix(sequence >>> 0) ^ mix(Math.floor(sequence / 2 ** 32) + 1));
		const size = sizes[choose(sizeWeights, fraction(state, 2))];
		const least = size?.leastBytes ?? 0;
		const span = (size?.mostBytes ?? 0) - least + 1;
		return {
			priority: only ?? choose(weights, fraction(state, 1)),
			payloadBytes: least + Math.floor(fraction(state, 3) * span),
		};
	};
}

/** The index of the only weight that is not 0; undefined where there are several. */
function onlyOne(weights: readonly number[]): number | undefined {
	const some = weights.flatMap((weight, index) => (weight > 0 ? [index] : []));
	return some.length === 1 ? some[0] : undefined;
}

/** @param at 0 up to 1 */
function choose(weights: readonly number[], at: number): number {
	let left = at * weights.reduce((sum, weight) => sum + weight, 0);
	for (const [index, weight] of weights.entries()) {
		left -= weight;
		if (left < 0) return index;
	}
	return weights.findLastIndex((weight) => weight > 0);
}

function fraction(state: number, salt: number): number {
	return mix(state + Math.imul(salt, 0x9e3779b9)) / 2 ** 32;
}

/** The finalizer of MurmurHash3: every bit in moves every bit out. */
function mix(value: number): number {
	let bits = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
	bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
	return (bits ^ (bits >>> 16)) >>> 0;
}
