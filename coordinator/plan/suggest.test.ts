import { expect, test } from "vitest";
import { suggest } from "./suggest.js";

const WORDS = ["workers", "pollInterval", "type", "tasks", "task"];

test.each([
	["wrokers", "workers"],
	["worker", "workers"],
	["poll-interval", "pollInterval"],
	["poll_intervall", "pollInterval"],
	["typ", "type"],
	["TASKS", "tasks"],
	["tasc", "task"],
	["colour", undefined],
	["x", undefined],
	["", undefined],
])("%j means %s", (word, meant) => {
	expect(suggest(word, WORDS)).toBe(meant);
});

test("of nothing, nothing", () => {
	expect(suggest("workers", [])).toBeUndefined();
});
