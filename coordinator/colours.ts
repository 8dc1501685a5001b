import { isatty } from "node:tty";
import picocolors from "picocolors";
import type { Palette } from "./report/palette.js";

/**
 * The colours for what goes to a stream: only where it is a terminal, and not where NO_COLOR is set (https://no-color.org).
 * Never by what picocolors finds out by itself: that colours a pipe where CI is set.
 */
export function coloursFor(stream: NodeJS.WriteStream & { readonly fd: number }): Palette {
	return picocolors.createColors(isatty(stream.fd) && !process.env.NO_COLOR);
}
