import type { CallNode } from "./fold.js";
import type { Frame } from "./stackProfile.js";

/** A function's place in a flame graph: a row for each depth of calls, the outermost on top. */
export interface FlameBox {
	readonly x: number;
	readonly width: number;
	/** 0 is the root's. */
	readonly row: number;
	readonly node: CallNode;
	/** The functions to here, the innermost first; empty for the root. */
	readonly path: readonly Frame[];
}

/**
 * Boxes as wide as their share of the whole, beside each other in the order of the tree.
 *
 * @param weight of a node, not more for its children together
 * @param leastWidth what is narrower is left out, with all that it called
 */
export function layOut(
	root: CallNode,
	weight: (node: CallNode) => number,
	width: number,
	leastWidth: number,
): { readonly boxes: readonly FlameBox[]; readonly rows: number } {
	const boxes: FlameBox[] = [];
	const whole = weight(root);
	let rows = 0;
	const place = (node: CallNode, x: number, row: number, callers: readonly Frame[]): void => {
		const own = whole > 0 ? (weight(node) / whole) * width : 0;
		if (own < leastWidth) return;
		const path = node.frame ? [node.frame, ...callers] : callers;
		boxes.push({ x, width: own, row, node, path });
		rows = Math.max(rows, row + 1);
		let childX = x;
		for (const child of node.children) {
			place(child, childX, row + 1, path);
			childX += (weight(child) / whole) * width;
		}
	};
	place(root, 0, 0, []);
	return { boxes, rows };
}
