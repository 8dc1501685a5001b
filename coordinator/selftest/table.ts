import { formatQuantity, wrap } from "../report/format.js";
import type { Palette } from "../report/palette.js";
import { terminalTable, text } from "../report/table.js";

export type CheckVerdict = "pass" | "FAIL" | "INCONCLUSIVE";

/** One line of the table: what theory says, what was measured, what is allowed, and whether it is. */
export interface Check {
	readonly name: string;
	readonly theory: string;
	readonly measured: string;
	readonly interval: string;
	readonly verdict: CheckVerdict;
	/** What to know of a check that did not pass. */
	readonly why?: string;
}

/** A part of the self-test. */
export interface RowResult {
	readonly row: string;
	readonly title: string;
	readonly checks: readonly Check[];
}

/** How a figure is held against what is allowed. */
export interface Judgement {
	readonly name: string;
	readonly theory: number;
	readonly measured: number;
	readonly low: number;
	readonly high: number;
	readonly format: (value: number) => string;
	/** Why the machine may have made the figure larger; a busy one never makes it smaller. */
	readonly excuse: string | undefined;
}

export function judge({ name, theory, measured, low, high, format, excuse }: Judgement): Check {
	const cells = {
		name,
		theory: format(theory),
		measured: format(measured),
		interval: `${format(low)} … ${format(high)}`,
	};
	if (measured >= low && measured <= high) return { ...cells, verdict: "pass" };
	if (measured > high && excuse !== undefined) {
		return { ...cells, verdict: "INCONCLUSIVE", why: `${name}: too long, but ${excuse}` };
	}
	return { ...cells, verdict: "FAIL" };
}

/** A figure that is right or wrong. */
export function exactly(name: string, theory: string, measured: string): Check {
	return { name, theory, measured, interval: "exact", verdict: theory === measured ? "pass" : "FAIL" };
}

export function verdictOfRow({ checks }: RowResult): CheckVerdict {
	if (checks.some(({ verdict }) => verdict === "FAIL")) return "FAIL";
	return checks.some(({ verdict }) => verdict === "INCONCLUSIVE") ? "INCONCLUSIVE" : "pass";
}

const WIDTH = 100;
const COLUMNS = [text("check"), text("theory"), text("measured"), text("allowed"), text("verdict")];

/** A row as it is printed: its title, its checks, and what explains those that did not pass. */
export function renderRow(result: RowResult, { bold, green, red, yellow, dim }: Palette): string {
	const paint = { pass: green, FAIL: red, INCONCLUSIVE: yellow };
	const cells = result.checks.map(({ name, theory, measured, interval, verdict }) => [
		name,
		theory,
		measured,
		interval,
		verdict,
	]);
	const [head = "", ...lines] = terminalTable(COLUMNS, cells);
	const painted = lines.map((line, at) => {
		const { verdict } = result.checks[at] ?? { verdict: "FAIL" as const };
		return `${line.slice(0, line.length - verdict.length)}${paint[verdict](verdict)}`;
	});
	const reasons = [...new Set(result.checks.flatMap(({ why }) => why ?? []))].flatMap((why) => wrap(why, WIDTH - 4));
	return [bold(`${result.row}: ${result.title}`), dim(head), ...painted, ...reasons.map((line) => `  ${line}`), ""]
		.map((line) => (line === "" ? line : `  ${line}`))
		.join("\n");
}

/** The last line. @param seconds that it took */
export function renderOutcome(
	results: readonly RowResult[],
	seconds: number,
	{ bold, green, red, yellow }: Palette,
): string {
	const rowsOf = (verdict: CheckVerdict) => [
		...new Set(results.filter((result) => verdictOfRow(result) === verdict).map(({ row }) => row)),
	];
	const [failed, inconclusive] = [rowsOf("FAIL"), rowsOf("INCONCLUSIVE")];
	const outcome =
		failed.length > 0
			? red(`FAILED: ${failed.join(", ")}`)
			: inconclusive.length > 0
				? yellow(`INCONCLUSIVE: ${inconclusive.join(", ")}`)
				: green("PASSED");
	const checks = results.reduce((sum, result) => sum + result.checks.length, 0);
	const done = `${formatQuantity(checks, "check")} in ${formatQuantity(results.length, "row")}, ${Math.round(seconds)} s`;
	return `  ${bold("self-test")} ${outcome} (${done})`;
}
