import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { goEscapes, goString, rawMembers, stringValue } from "./gojson.js";

describe("goString", () => {
	it.each([
		["", '""'],
		["boom", '"boom"'],
		['x<y>&"é\u2028\u2029', '"x\\u003cy\\u003e\\u0026\\"é\\u2028\\u2029"'],
		["a\\b/c", '"a\\\\b/c"'],
		["line\n\r\ttab", '"line\\n\\r\\ttab"'],
		["\u0000\u001f\u007f", '"\\u0000\\u001f\u007f"'],
		["lone \ud800 surrogate", '"lone \ufffd surrogate"'],
		["pair \ud83d\ude00", '"pair 😀"'],
	])("%j is written %s", (text, json) => {
		expect(goString(text)).toBe(json);
	});

	it("reads back as the same text, and has no character that Go escapes", () => {
		fc.assert(
			fc.property(fc.string({ unit: "binary" }), (text) => {
				const json = goString(text);
				expect(JSON.parse(json)).toBe(text);
				expect(stringValue(json)).toBe(text);
				expect(json).not.toMatch(/[<>&\u2028\u2029]/);
			}),
		);
	});
});

it("goEscapes changes how JSON is written, not what it says", () => {
	fc.assert(
		fc.property(fc.jsonValue(), (value) => {
			const json = JSON.stringify(value);
			expect(goEscapes(json)).not.toMatch(/[<>&\u2028\u2029]/);
			expect(JSON.stringify(JSON.parse(goEscapes(json)))).toBe(json);
		}),
	);
});

const space = fc.string({ unit: fc.constantFrom(" ", "\n", "\t", "\r"), maxLength: 3 });
const nested = fc.oneof(
	fc.jsonValue().map((value) => JSON.stringify(value)),
	fc.jsonValue().map((value) => JSON.stringify(value, null, "\t")),
	fc.constantFrom("123456789012345678901234567890", "-1.50e+10", '"\\\\"', '"a\\\\\\"},"', "[ ]", "{ }", "null"),
);

describe("rawMembers", () => {
	it("gives each member's text as it stands, whatever stands around it", () => {
		fc.assert(
			fc.property(fc.array(fc.tuple(fc.string(), nested, space, space, space, space)), (members) => {
				const json = members
					.map(([name, raw, a, b, c, d]) => `${a}${JSON.stringify(name)}${b}:${c}${raw}${d}`)
					.join(",");
				const expected = new Map(members.map(([name, raw]) => [name, raw]));
				expect(rawMembers(` {${json}} \n`)).toEqual(expected);
			}),
		);
	});

	it("knows a name by what it says, not by how it is escaped", () => {
		expect(rawMembers('{"p\\u0061yload": 1}')).toEqual(new Map([["payload", "1"]]));
	});

	it.each([
		["", "expected { at character 0"],
		["[]", "expected { at character 0"],
		["{", "expected a member's name at character 1"],
		['{"a"', "expected : at character 4"],
		['{"a":', "expected a whole value at character 5"],
		['{"a":}', "expected a whole value at character 5"],
		['{"a":1', "expected , or } at character 6"],
		['{"a":1,}', "expected a member's name at character 7"],
		['{"a":1 2}', "expected , or } at character 7"],
		['{"a":[1,{}', "expected a whole value at character 5"],
		['{"a":"b}', "a string that begins at character 5 does not end"],
		['{"a":"b\\"}', "a string that begins at character 5 does not end"],
		['{"a":1}x', "expected nothing more at character 7"],
	])("refuses %j", (json, message) => {
		expect(() => rawMembers(json)).toThrow(message);
	});
});
