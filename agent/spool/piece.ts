/** Fewer bytes are copied here: a call out of JavaScript takes as long as this many. */
export const SHORT_BYTES = 120;
const WORD_BYTES = 4;
const NOTHING = new Uint8Array(0);

/** Bytes that are copied and compared over and over: four at a time, in half the time. */
export class Piece {
	readonly length: number;
	readonly view: DataView;

	constructor(readonly bytes: Uint8Array) {
		this.length = bytes.length;
		this.view = viewOf(bytes);
	}

	static of(text: string): Piece {
		return new Piece(Buffer.from(text));
	}

	toString(): string {
		return Buffer.from(this.bytes).toString();
	}
}

export function viewOf(bytes: Uint8Array): DataView {
	return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The view of the bytes that were asked for last: some tasks come in one answer. */
export class LastView {
	#bytes: Uint8Array = NOTHING;
	#view = viewOf(NOTHING);

	of(bytes: Uint8Array): DataView {
		if (bytes !== this.#bytes) {
			this.#bytes = bytes;
			this.#view = viewOf(bytes);
		}
		return this.#view;
	}
}

/**
 * Copies `source[from, to)` to `target[at, …)`, which are not to overlap.
 *
 * @param sourceView of `source`, as `targetView` of `target`
 */
export function copyBytes(
	source: Uint8Array,
	sourceView: DataView,
	from: number,
	to: number,
	target: Uint8Array,
	targetView: DataView,
	at: number,
): void {
	const count = to - from;
	if (count > SHORT_BYTES) {
		target.set(source.subarray(from, to), at);
		return;
	}
	const shift = at - from;
	if (count < WORD_BYTES) {
		for (let place = from; place < to; place++) target[place + shift] = source[place] as number;
		return;
	}
	const last = to - WORD_BYTES;
	for (let place = from; place < last; place += WORD_BYTES) {
		targetView.setUint32(place + shift, sourceView.getUint32(place));
	}
	// It goes over some of what was copied before, in place of a loop for the rest.
	targetView.setUint32(last + shift, sourceView.getUint32(last));
}

/** Whether `piece` lies in `source` at `from`. @param sourceView of `source` */
export function isAt(source: Uint8Array, sourceView: DataView, from: number, piece: Piece): boolean {
	const { length } = piece;
	if (from + length > source.length) return false;
	if (length < WORD_BYTES) {
		for (let at = 0; at < length; at++) if (source[from + at] !== piece.bytes[at]) return false;
		return true;
	}
	const last = length - WORD_BYTES;
	for (let at = 0; at < last; at += WORD_BYTES) {
		if (sourceView.getUint32(from + at) !== piece.view.getUint32(at)) return false;
	}
	return sourceView.getUint32(from + last) === piece.view.getUint32(last);
}
