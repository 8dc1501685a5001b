import { coloursFor } from "./colours.js";
import { type ProgressView, progressLine, progressLines } from "./report/progress.js";

// Only a terminal has use for it, and it takes a while to load.
const logUpdate = process.stderr.isTTY ? await import("log-update") : undefined;

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 1_000;

/** Where a live view is shown: drawn over itself on a terminal (stderr), a plain line a second on stdout elsewhere. */
export class LiveScreen {
	/** The plain lines, also where a terminal shows the drawing instead. */
	readonly lines: string[] = [];
	readonly #terminal = logUpdate?.createLogUpdate(process.stderr);
	readonly #palette = coloursFor(process.stderr);
	#drawnAtMs = 0;
	#linedAtMs = 0;

	/** @param quiet draw nothing; the lines are kept all the same */
	constructor(private readonly quiet: boolean) {}

	/** Something else is shown from now on: its first plain line comes a second later. */
	begin(nowMs: number): void {
		this.#linedAtMs = nowMs;
	}

	/** Call as often as wanted: looks and draws when it is time to. @param nowMs on performance.now() */
	update(nowMs: number, look: () => ProgressView): void {
		if (nowMs - this.#drawnAtMs < REDRAW_MS) return;
		this.#drawnAtMs = nowMs;
		const view = look();
		this.#draw(view);
		if (nowMs - this.#linedAtMs >= PLAIN_LINE_MS) this.line(nowMs, view);
	}

	/** A plain line, now. */
	line(nowMs: number, view: ProgressView): void {
		this.#linedAtMs = nowMs;
		const line = progressLine(view);
		this.lines.push(line);
		if (!this.#terminal && !this.quiet) process.stdout.write(`${line}\n`);
	}

	/** Takes the drawing away, until the next one. */
	clear(): void {
		this.#terminal?.clear();
	}

	/** The last there is: a plain line, or a drawing that stays. */
	end(nowMs: number, view: ProgressView): void {
		this.line(nowMs, view);
		this.#draw(view);
		this.#terminal?.done();
	}

	#draw(view: ProgressView): void {
		if (this.#terminal && !this.quiet) {
			this.#terminal(progressLines(view, process.stderr.columns || 80, this.#palette).join("\n"));
		}
	}
}
