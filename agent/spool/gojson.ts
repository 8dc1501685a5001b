/** JSON text as Go's encoding/json writes it, and raw pieces of JSON text, never parsed and written again. */

/** What Go's encoder escapes in a string and JSON.stringify does not. */
const GO_ESCAPED = ["<", ">", "&", "\u2028", "\u2029"] as const;
const GO_ESCAPED_ALL = new RegExp(`[${GO_ESCAPED.join("")}]`, "g");

const LONE_SURROGATE = /\p{Surrogate}/gu;

/** Strings that need no escape at all. */
const PLAIN = /^[ !#-%'-;=?-[\]-~]*$/;

/** Whether a text is ASCII and as a JSON string stands as it is, between quotes. */
export function isPlainText(text: string): boolean {
	return PLAIN.test(text);
}

/** A JSON string literal, with Go's escapes. Text that is not well-formed Unicode gets U+FFFD, as Go's would. */
export function goString(text: string): string {
	return isPlainText(text) ? `"${text}"` : goEscapes(JSON.stringify(text.replace(LONE_SURROGATE, "\ufffd")));
}

/**
 * Puts Go's escapes into JSON text. The characters concerned stand only inside strings, so nothing else changes; whitespace
 * stays, too, which Go would take out.
 */
export function goEscapes(json: string): string {
	for (const character of GO_ESCAPED) {
		if (json.includes(character)) return json.replace(GO_ESCAPED_ALL, escapeCharacter);
	}
	return json;
}

function escapeCharacter(character: string): string {
	return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

/**
 * Takes a JSON object apart into the raw text of its members, as it stands: nothing nested is parsed, so nothing is changed.
 * Nested values are delimited (their brackets balance, their strings end) but not checked further.
 *
 * @returns by name; of several members of one name the last, as parsers do
 * @throws Error saying where the text is no JSON object
 */
export function rawMembers(json: string): Map<string, string> {
	const members = new Map<string, string>();
	let at = expect(json, skipSpace(json, 0), OPEN_BRACE, "{");
	at = skipSpace(json, at);
	if (json.charCodeAt(at) === CLOSE_BRACE) return atEnd(json, at + 1, members);
	for (;;) {
		expect(json, at, QUOTE, "a member's name");
		const nameEnd = endOfString(json, at);
		const valueStart = skipSpace(json, expect(json, skipSpace(json, nameEnd), COLON, ":"));
		const valueEnd = endOfValue(json, valueStart);
		members.set(stringValue(json.slice(at, nameEnd)), json.slice(valueStart, valueEnd));
		at = skipSpace(json, valueEnd);
		if (json.charCodeAt(at) === CLOSE_BRACE) return atEnd(json, at + 1, members);
		at = skipSpace(json, expect(json, at, COMMA, ", or }"));
	}
}

/** The text that a JSON string literal stands for. */
export function stringValue(literal: string): string {
	return literal.includes("\\") ? (JSON.parse(literal) as string) : literal.slice(1, -1);
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

function expect(json: string, at: number, character: number, name: string): number {
	if (json.charCodeAt(at) !== character) throw new Error(`expected ${name} at character ${at}`);
	return at + 1;
}

function atEnd<T>(json: string, at: number, value: T): T {
	if (skipSpace(json, at) !== json.length) throw new Error(`expected nothing more at character ${at}`);
	return value;
}

function skipSpace(json: string, from: number): number {
	let at = from;
	while (isSpace(json.charCodeAt(at))) at++;
	return at;
}

function isSpace(character: number): boolean {
	return character === 0x20 || character === 0x0a || character === 0x0d || character === 0x09;
}

/** Just past the string that begins at `start`. */
function endOfString(json: string, start: number): number {
	for (let quote = json.indexOf('"', start + 1); quote >= 0; quote = json.indexOf('"', quote + 1)) {
		let backslashes = 0;
		while (json.charCodeAt(quote - 1 - backslashes) === BACKSLASH) backslashes++;
		if (backslashes % 2 === 0) return quote + 1;
	}
	throw new Error(`a string that begins at character ${start} does not end`);
}

/**
 * Just past the value that begins at `start`.
 *
 * @throws Error when it does not end
 */
export function endOfValue(json: string, start: number): number {
	let depth = 0;
	let at = start;
	while (at < json.length) {
		const character = json.charCodeAt(at);
		if (character === QUOTE) {
			at = endOfString(json, at);
			if (depth === 0) return at;
			continue;
		}
		if (character === OPEN_BRACE || character === OPEN_BRACKET) {
			depth++;
		} else if (character === CLOSE_BRACE || character === CLOSE_BRACKET) {
			if (depth === 0) break;
			if (--depth === 0) return at + 1;
		} else if (depth === 0 && (character === COMMA || isSpace(character))) {
			break;
		}
		at++;
	}
	if (at === start || depth > 0) throw new Error(`expected a whole value at character ${start}`);
	return at;
}

/**
 * As `endOfValue` for an object or an array in bytes, which begins at `from`.
 *
 * @returns -1 where it does not end before `to`
 */
export function endOfValueIn(bytes: Uint8Array, from: number, to: number): number {
	let depth = 0;
	let inText = false;
	for (let at = from; at < to; at++) {
		const byte = bytes[at];
		if (inText) {
			if (byte === BACKSLASH) at++;
			else if (byte === QUOTE) inText = false;
		} else if (byte === QUOTE) {
			inText = true;
		} else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
			depth++;
		} else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
			if (--depth === 0) return at + 1;
		}
	}
	return -1;
}
