/** One column of a table; figures are aligned right. */
export interface Column {
	readonly title: string;
	readonly align: "left" | "right";
}

export const text = (title: string): Column => ({ title, align: "left" });
export const figure = (title: string): Column => ({ title, align: "right" });

/** A table's lines for a terminal, its head first. */
export function terminalTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
	const [head, ...body] = padded(columns, rows);
	return [head ?? [], ...body].map((cells) => cells.join("  ").trimEnd());
}

/** A table's lines in Markdown, aligned so that the source reads as a table too. Its cells are Markdown already. */
export function markdownTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
	const escaped = rows.map((row) => row.map((cell) => cell.replaceAll("|", "\\|")));
	const [head, ...body] = padded(columns, escaped);
	const rule = (head ?? []).map((cell, index) =>
		columns[index]?.align === "right" ? `${"-".repeat(cell.length - 1)}:` : "-".repeat(cell.length),
	);
	return [head ?? [], rule, ...body].map((cells) => `| ${cells.join(" | ")} |`);
}

function padded(columns: readonly Column[], rows: readonly (readonly string[])[]): string[][] {
	const lines = [columns.map((column) => column.title), ...rows];
	const widths = columns.map((_, index) => Math.max(3, ...lines.map((line) => line[index]?.length ?? 0)));
	return lines.map((line) =>
		columns.map((column, index) => {
			const cell = line[index] ?? "";
			return column.align === "right" ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0);
		}),
	);
}
