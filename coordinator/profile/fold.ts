import { type Frame, framesOf, type StackProfile } from "./stackProfile.js";

/** A function on one path of calls, and what it called. */
export interface CallNode {
	/** Undefined of the root. */
	readonly frame: Frame | undefined;
	/** Of each profile that was folded, with all that it called. */
	readonly totals: readonly number[];
	/** By name. */
	readonly children: readonly CallNode[];
}

/** A profile's value, and what goes over it so that profiles can be set side by side. */
export interface Weighed {
	readonly profile: StackProfile;
	readonly value: number;
	readonly scale: number;
}

interface Growing {
	readonly frame: Frame | undefined;
	readonly totals: number[];
	readonly children: Map<string, Growing>;
}

/**
 * The stacks of all profiles put into one tree, the outermost function first.
 *
 * @param keyOf what makes two functions one
 */
export function foldStacks(weighed: readonly Weighed[], keyOf: (frame: Frame) => string): CallNode {
	const grow = (frame: Frame | undefined): Growing => ({ frame, totals: weighed.map(() => 0), children: new Map() });
	const root = grow(undefined);
	for (const [index, { profile, value, scale }] of weighed.entries()) {
		for (const sample of profile.samples) {
			const amount = (sample.values[value] ?? 0) * scale;
			if (amount === 0) continue;
			let node = root;
			node.totals[index] = (node.totals[index] ?? 0) + amount;
			for (const frame of framesOf(profile, sample).reverse()) {
				const key = keyOf(frame);
				const child = node.children.get(key) ?? grow(frame);
				node.children.set(key, child);
				child.totals[index] = (child.totals[index] ?? 0) + amount;
				node = child;
			}
		}
	}
	return inOrder(root);
}

function inOrder({ frame, totals, children }: Growing): CallNode {
	const sorted = [...children].sort(([a], [b]) => (a < b ? -1 : 1));
	return { frame, totals, children: sorted.map(([, child]) => inOrder(child)) };
}
