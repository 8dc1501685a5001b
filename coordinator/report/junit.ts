import type { Report } from "./schema.js";

/**
 * `junit.xml`: one suite with a case for the validity and one for each threshold, as CI servers read them. A report that is
 * not VALID fails its first case.
 */
export function renderJunit(report: Report): string {
	const cases = [validityCase(report), ...report.thresholds.map((threshold) => thresholdCase(report, threshold))];
	const failures = cases.filter(({ failure }) => failure !== undefined).length;
	const seconds = Math.max(0, (Date.parse(report.finishedAt) - Date.parse(report.startedAt)) / 1_000).toFixed(3);
	const counts = `tests="${cases.length}" failures="${failures}" errors="0"`;
	const suite = `name=${quoted(report.name)} ${counts} skipped="0" time="${seconds}" timestamp=${quoted(report.startedAt)}`;
	return [
		'<?xml version="1.0" encoding="UTF-8"?>',
		`<testsuites name="spool-bench" ${counts} time="${seconds}">`,
		`  <testsuite ${suite}>`,
		...cases.map(caseXml),
		"  </testsuite>",
		"</testsuites>",
		"",
	].join("\n");
}

interface Case {
	readonly group: string;
	readonly name: string;
	/** What was measured, for those that passed. */
	readonly output: string;
	readonly failure: { readonly type: string; readonly message: string; readonly details: string } | undefined;
}

function validityCase({ name, verdict }: Report): Case {
	const reasons = verdict.reasons.filter(({ severity }) => severity !== "NOTE");
	const [first] = reasons;
	return {
		group: `${name}.validity`,
		name: "the figures are valid",
		output: verdict.validity,
		failure:
			verdict.validity === "VALID"
				? undefined
				: {
						type: verdict.validity,
						message: `${verdict.validity}: ${first?.sentence ?? ""}`,
						details: reasons.map(({ severity, sentence, advice }) => `${severity} ${sentence} ${advice}`).join("\n"),
					},
	};
}

function thresholdCase({ name }: Report, { threshold, passed, sentence, runs }: Report["thresholds"][number]): Case {
	const details = runs.map((run) => `${run.run}: ${run.text}${run.passed ? "" : " (failed)"}`).join("\n");
	const failure = { type: "threshold", message: `${threshold} failed: ${sentence}`, details };
	return { group: `${name}.thresholds`, name: threshold, output: sentence, failure: passed ? undefined : failure };
}

function caseXml({ group, name, output, failure }: Case): string {
	const head = `    <testcase classname=${quoted(group)} name=${quoted(name)}`;
	if (failure === undefined) return `${head}><system-out>${escaped(output)}</system-out></testcase>`;
	const { type, message, details } = failure;
	return `${head}><failure type=${quoted(type)} message=${quoted(message)}>${escaped(details)}</failure></testcase>`;
}

function quoted(text: string): string {
	return `"${escaped(text).replace(/[\n\t]/g, " ")}"`;
}

const ENTITIES: Readonly<Record<string, string>> = {
	"&": "&amp;",
	"<": "&lt;",
	">": "&gt;",
	'"': "&quot;",
	"'": "&apos;",
};

/** Without what XML 1.0 (§2.2) does not allow even as a reference: control characters, halves of surrogate pairs. */
function escaped(text: string): string {
	return text
		.replace(/[^\t\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, "\uFFFD")
		.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}
