import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { copyBytes, isAt, Piece, viewOf } from "./piece.js";

/** Up to beyond where copies are made in one call. */
const bytes = fc.uint8Array({ maxLength: 150 });
/** What comes before a piece: words begin anywhere. */
const before = fc.uint8Array({ maxLength: 9 });

test.prop([bytes, before, before, before])(
	"a copy is what was copied, and nothing beside it is touched",
	(own, head, tail, room) => {
		const source = Buffer.concat([head, own, tail]);
		const target = Buffer.alloc(room.length + own.length + 9, 0xee);
		copyBytes(source, viewOf(source), head.length, head.length + own.length, target, viewOf(target), room.length);
		const expected = [Buffer.alloc(room.length, 0xee), own, Buffer.alloc(9, 0xee)];
		expect(target.equals(Buffer.concat(expected))).toBe(true);
	},
);

test.prop([bytes, before, before])("a piece is found where it lies", (own, head, tail) => {
	const source = Buffer.concat([head, own, tail]);
	expect(isAt(source, viewOf(source), head.length, new Piece(own))).toBe(true);
});

test.prop([fc.uint8Array({ minLength: 1, maxLength: 150 }), before, before, fc.nat()])(
	"a piece is not found where one byte is another",
	(own, head, tail, at) => {
		const source = Buffer.concat([head, own, tail]);
		const place = head.length + (at % own.length);
		source[place] = (source[place] as number) ^ 0x80;
		expect(isAt(source, viewOf(source), head.length, new Piece(own))).toBe(false);
	},
);

test.prop([fc.uint8Array({ minLength: 1, maxLength: 20 }), before])(
	"a piece is not found beyond the end",
	(own, head) => {
		const source = Buffer.concat([head, own.subarray(0, -1)]);
		expect(isAt(source, viewOf(source), head.length, new Piece(own))).toBe(false);
	},
);

test("bytes that lie within a larger memory", () => {
	const part = Buffer.from("..inner..").subarray(2, 7);
	const piece = new Piece(part);
	expect(piece.toString()).toBe("inner");
	const target = Buffer.alloc(5);
	copyBytes(piece.bytes, piece.view, 0, 5, target, viewOf(target), 0);
	expect(target.toString()).toBe("inner");
});
