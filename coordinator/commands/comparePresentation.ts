import { coloursFor } from "../colours.js";
import { renderComparisonMarkdown } from "../compare/markdown.js";
import { type Limits, regressionsOf } from "../compare/regression.js";
import type { Comparison } from "../compare/schema.js";
import { renderComparisonTerminal } from "../compare/terminal.js";
import { EXIT_ABORTED, EXIT_NOT_VALID, EXIT_THRESHOLDS_FAILED, EXIT_VALID } from "../deliver.js";
import { renderJson } from "../report/json.js";

export type Format = "terminal" | "markdown" | "json";

/** How a comparison is judged and shown, live or not. */
export interface Presentation {
	readonly format: Format;
	readonly allowUnlike: boolean;
	readonly allowInvalid: boolean;
	readonly limits: { readonly text: string; readonly byMetric: Limits } | undefined;
}

/** Adds what `--fail-on-regression` finds, and tells it on stderr. */
export function withRegressions(comparison: Comparison, { limits }: Presentation): Comparison {
	if (limits === undefined) return comparison;
	const regressions = { limits: limits.text, found: regressionsOf(comparison, limits.byMetric) };
	process.stderr.write(regressions.found.map((sentence) => `regression: ${sentence}\n`).join(""));
	return { ...comparison, regressions };
}

export function render(comparison: Comparison, format: Format): string {
	switch (format) {
		case "terminal":
			return renderComparisonTerminal(comparison, coloursFor(process.stdout));
		case "markdown":
			return renderComparisonMarkdown(comparison);
		case "json":
			return renderJson(comparison);
	}
}

/** What ended early goes before what is worse, that before what is invalid and was left out. */
export function exitCodeOf(comparison: Comparison, { allowInvalid }: Presentation): number {
	if (comparison.aborted !== null) return EXIT_ABORTED;
	if (comparison.regressions !== null && comparison.regressions.found.length > 0) return EXIT_THRESHOLDS_FAILED;
	const isInvalid = comparison.obstacles.some(({ kind }) => kind === "invalid");
	return isInvalid && !allowInvalid ? EXIT_NOT_VALID : EXIT_VALID;
}

/** Resolves when the text is out; a reader that has gone away (`| head`) is no error. */
export async function print(text: string): Promise<void> {
	await new Promise<void>((done) => {
		process.stdout.once("error", () => done());
		process.stdout.write(text, () => done());
	});
}
