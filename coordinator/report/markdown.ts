/** A text as Markdown shows it: names and errors come from elsewhere and must not become headings, links or HTML. */
export function prose(value: string): string {
	return value.replace(/[\\`<[\]*_#]/g, "\\$&");
}
