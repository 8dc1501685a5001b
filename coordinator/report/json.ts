/** A document such as `report.json`: indented, with lists of plain values (series, samples) on one line. */
export function renderJson(document: object): string {
	return `${write(document, "")}\n`;
}

const INDENT = "  ";

function write(value: unknown, indent: string): string {
	if (typeof value !== "object" || value === null) return JSON.stringify(value);
	const inner = indent + INDENT;
	if (Array.isArray(value)) {
		if (value.every((item) => typeof item !== "object" || item === null)) return JSON.stringify(value);
		return `[\n${value.map((item) => inner + write(item, inner)).join(",\n")}\n${indent}]`;
	}
	const fields = Object.entries(value).map(([key, field]) => `${inner}${JSON.stringify(key)}: ${write(field, inner)}`);
	return fields.length === 0 ? "{}" : `{\n${fields.join(",\n")}\n${indent}}`;
}
