import { capLawAt } from "../analysis/capLaw.js";
import { uslAt } from "../analysis/usl.js";
import { formatRate } from "./format.js";
import type { Report } from "./schema.js";

export type Scaling = NonNullable<NonNullable<Report["sweep"]>["scaling"]>;

const COLUMNS = 60;
const ROWS = 12;
const LABEL_WIDTH = 9;
const MEASURED = "●";
const FITTED = "─";
const IDEAL = "·";
/** The ideal line leaves the picture there, so that a plateau does not lie on the ground. */
const HEADROOM = 1.3;

/** Throughput by size as lines of at most 80 columns; none with fewer than three sizes. */
export function curveLines(scaling: Scaling): string[] {
	const { curve, dimension } = scaling;
	const most = Math.max(0, ...curve.map(({ measured }) => measured));
	const largest = Math.max(0, ...curve.map(({ n }) => n));
	if (curve.length < 3 || most <= 0) return [];
	const ideal = Math.max(...curve.map((point) => point.ideal));
	const height = Math.min(Math.max(ideal, most), most * HEADROOM);
	const grid = Array.from({ length: ROWS }, () => Array.from({ length: COLUMNS }, () => " "));
	const put = (n: number, tasksPerSecond: number, mark: string) => {
		const row = grid[ROWS - 1 - Math.round((tasksPerSecond / height) * (ROWS - 1))];
		if (row) row[Math.round((n / largest) * (COLUMNS - 1))] = mark;
	};
	const law = lawOf(scaling);
	const each = ideal / largest;
	for (let column = 0; column < COLUMNS; column++) {
		const n = (column / (COLUMNS - 1)) * largest;
		put(n, each * n, IDEAL);
		if (law && n > 0) put(n, law(n), FITTED);
	}
	for (const { n, measured } of curve) put(n, measured, MEASURED);
	const lines = grid.map((row, index) => {
		const label = index % 4 === 0 ? formatRate((height * (ROWS - 1 - index)) / (ROWS - 1)) : "";
		return `${label.padStart(LABEL_WIDTH)} │${row.join("")}`.trimEnd();
	});
	return [
		...lines,
		`${"0".padStart(LABEL_WIDTH)} └${"─".repeat(COLUMNS)}`,
		axisLine(curve.map(({ n }) => n)),
		`${" ".repeat(LABEL_WIDTH + 2)}tasks/s by ${dimension}: ${MEASURED} measured${law ? `  ${FITTED} fitted` : ""}  ${IDEAL} in proportion`,
	];
}

/** The law that was chosen, tasks a second by size; undefined where none was. */
export function lawOf({ fit }: Scaling): ((n: number) => number) | undefined {
	const { usl, cap } = fit ?? {};
	if (fit?.chosen === "usl" && usl) return (n) => uslAt(usl, n);
	if (fit?.chosen === "cap" && cap) {
		return (n) => capLawAt({ lambda: cap.lambda, cap: cap.cap ?? Number.POSITIVE_INFINITY }, n);
	}
	return undefined;
}

/** The sizes below their points, as far as they do not touch. */
function axisLine(sizes: readonly number[]): string {
	const largest = Math.max(...sizes);
	let line = " ".repeat(LABEL_WIDTH + 2);
	for (const size of sizes.toSorted((a, b) => a - b)) {
		const text = String(size);
		const column = LABEL_WIDTH + 2 + Math.round((size / largest) * (COLUMNS - 1));
		const start = Math.min(column, LABEL_WIDTH + 2 + COLUMNS - text.length);
		if (start < line.trimEnd().length + 1 && line.trim() !== "") continue;
		line = `${line.padEnd(start)}${text}`;
	}
	return line;
}
