/** Lower-case hexadecimal of fixed width. Several times as fast as `toString(16)` and `parseInt`, and strict. */

const THREE_DIGITS = Array.from({ length: 4_096 }, (_, value) => value.toString(16).padStart(3, "0"));

/** By character code; -1 for what is no lower-case hexadecimal digit. */
const DIGIT_OF = Int8Array.from({ length: 256 }, (_, code) => "0123456789abcdef".indexOf(String.fromCharCode(code)));

/** @param value a whole number from 0 to 16^width - 1, below 2^48 */
export function writeHex(value: number, width: number): string {
	const high = Math.floor(value / 2 ** 24);
	const low = value - high * 2 ** 24;
	const digits =
		width <= 6
			? threeDigits(low >>> 12) + threeDigits(low)
			: threeDigits(high >>> 12) + threeDigits(high) + threeDigits(low >>> 12) + threeDigits(low);
	return digits.length === width ? digits : digits.slice(-width);
}

function threeDigits(value: number): string {
	return THREE_DIGITS[value & 0xfff] as string;
}

/** The number that `text[from, to)` spells, or -1 where a character of it is not a lower-case hexadecimal digit. */
export function readHex(text: string, from: number, to: number): number {
	let value = 0;
	for (let at = from; at < to; at++) {
		const digit = DIGIT_OF[text.charCodeAt(at)] ?? -1;
		if (digit < 0) return -1;
		value = value * 16 + digit;
	}
	return value;
}

/** As `readHex`, of at most 12 characters that are given by their codes. */
export function readHexIn(units: Uint8Array, from: number, to: number): number {
	// Six digits at a time stay within what a processor shifts as whole numbers.
	const middle = Math.max(from, to - 6);
	let high = 0;
	let low = 0;
	let sign = 0;
	for (let at = from; at < middle; at++) {
		const digit = DIGIT_OF[units[at] as number] as number;
		sign |= digit;
		high = (high << 4) | digit;
	}
	for (let at = middle; at < to; at++) {
		const digit = DIGIT_OF[units[at] as number] as number;
		sign |= digit;
		low = (low << 4) | digit;
	}
	return sign < 0 ? -1 : high * 2 ** 24 + low;
}
