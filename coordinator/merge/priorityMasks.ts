import { drawer } from "../../proto/draw.js";
import type { TaskShape } from "../../proto/gen/slice.js";
import { PAGE_BITS } from "../../proto/ledger.js";
import { BYTES, type GroupMask } from "./tally.js";

/** Drawing so many takes a second or two; no plan of more is likely, and a broken peer may claim any number. */
const DRAWS_MAX = 20_000_000;

/** The tasks of one priority among a producer's. */
export interface PriorityGroup {
	readonly priority: number;
	/** Undefined: all of its tasks. */
	readonly mask: GroupMask | undefined;
}

/**
 * Which of a producer's tasks have which priority, drawn again from the shape.
 *
 * @param issued how many tasks it has
 * @returns undefined where these are too many to draw
 */
export function priorityGroups(shape: TaskShape, producer: number, issued: number): PriorityGroup[] | undefined {
	const used = shape.priorityWeights.flatMap((weight, priority) => (weight > 0 ? [priority] : []));
	if (used.length === 1) return used.map((priority) => ({ priority, mask: undefined }));
	if (issued > DRAWS_MAX) return undefined;
	const draw = drawer(shape, producer);
	const drawn = new Map<number, Map<number, Uint8Array>>();
	const masksOf = (page: number) => {
		let masks = drawn.get(page);
		if (!masks) {
			masks = new Map(used.map((priority) => [priority, new Uint8Array(BYTES)]));
			for (let bit = 0; bit < PAGE_BITS; bit++) {
				const mask = masks.get(draw(page * PAGE_BITS + bit).priority);
				if (mask) mask[bit >>> 3] = (mask[bit >>> 3] as number) | (1 << (bit & 7));
			}
			drawn.set(page, masks);
		}
		return masks;
	};
	return used.map((priority) => ({ priority, mask: (page) => masksOf(page).get(priority) ?? new Uint8Array(BYTES) }));
}
