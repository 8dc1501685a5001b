import { describe, expect, it } from "vitest";
import { simulatedRecord } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { parseThreshold, type Threshold } from "../plan/threshold.js";
import { buildReport } from "./build.js";
import { renderJunit } from "./junit.js";

function thresholdsOf(...texts: readonly string[]): Threshold[] {
	return texts.map((text) => {
		const result = parseThreshold(text);
		if (!result.ok) throw new Error(result.expected);
		return result.value;
	});
}

function junitOf(record: ReturnType<typeof simulatedRecord>): string {
	return renderJunit(buildReport(record, record.runs.map(mergeRun)));
}

interface Element {
	readonly name: string;
	readonly attributes: Readonly<Record<string, string>>;
	readonly children: Element[];
	text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const unescaped = (text: string) => text.replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);

/** Reads what is well-formed of the XML that has elements, attributes and text; throws at anything else. */
function parseXml(xml: string): Element {
	const root: Element = { name: "", attributes: {}, children: [], text: "" };
	const open = [root];
	const body = xml.replace(/^<\?xml version="1\.0" encoding="UTF-8"\?>\n/, "");
	if (/&(?!(amp|lt|gt|quot|apos);)/.test(body)) throw new Error("a bare ampersand");
	const tokens = body.matchAll(/<(\/?)([\w-]+)((?: [\w-]+="[^"<]*")*)(\/?)>|([^<>]+)|(.)/gsu);
	for (const [whole, end, name = "", attributes = "", empty, text, other] of tokens) {
		const top = open.at(-1);
		if (other !== undefined || top === undefined) throw new Error(`not well-formed at ${whole}`);
		if (text !== undefined) {
			top.text += unescaped(text);
		} else if (end === "/") {
			if (top.name !== name) throw new Error(`${name} ends ${top.name}`);
			open.pop();
		} else {
			const pairs = [...attributes.matchAll(/ ([\w-]+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [
				key,
				unescaped(value),
			]);
			const element: Element = { name, attributes: Object.fromEntries(pairs), children: [], text: "" };
			top.children.push(element);
			if (empty !== "/") open.push(element);
		}
	}
	const [document] = root.children;
	if (open.length !== 1 || root.children.length !== 1 || !document) throw new Error("not one whole element");
	return document;
}

describe("a report", () => {
	const record = simulatedRecord([{}], {}, { thresholds: thresholdsOf("tasks: lost==0", "responseTime: p(99)<50ms") });
	const suites = parseXml(junitOf(record));
	const [suite] = suites.children;

	it("has a case for its validity and one for each threshold, counted", () => {
		expect(suites).toMatchObject({ name: "testsuites", attributes: { tests: "3", failures: "1", errors: "0" } });
		expect(suite).toMatchObject({ name: "testsuite", attributes: { name: "quick", tests: "3", failures: "1" } });
		expect(suite?.children.map(({ attributes }) => [attributes.classname, attributes.name])).toEqual([
			["quick.validity", "the figures are valid"],
			["quick.thresholds", "tasks: lost==0"],
			["quick.thresholds", "responseTime: p(99)<50ms"],
		]);
	});

	it("says what was measured, and fails what failed", () => {
		const [valid, lost, slow] = suite?.children ?? [];
		expect(valid?.children).toMatchObject([{ name: "system-out", text: "VALID" }]);
		expect(lost?.children).toMatchObject([{ name: "system-out", text: "0" }]);
		expect(slow?.children).toMatchObject([
			{ name: "failure", attributes: { type: "threshold", message: "responseTime: p(99)<50ms failed: 2.08 s" } },
		]);
	});
});

it("an invalid result fails its first case, with its reasons", () => {
	const [suite] = parseXml(junitOf(simulatedRecord([{ vanished: [3] }]))).children;
	expect(suite?.attributes.failures).toBe("1");
	expect(suite?.children[0]?.children[0]?.attributes.message).toMatch(/^INVALID: 1 task was acknowledged/);
});

it("stays well-formed whatever others named", () => {
	const evil = "a\u0000\u0008<b> & &amp;\"'\ud800\uffff]]>\n";
	const record = simulatedRecord([{ name: evil, vanished: [3] }], { aborted: evil });
	const suites = parseXml(junitOf(record));
	expect(suites.children[0]?.children).toHaveLength(1);
	expect(suites.children[0]?.attributes.name).toContain("<b> & &amp;");
	expect(junitOf(record)).not.toMatch(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u);
});
