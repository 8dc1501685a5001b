type Paint = (text: string) => string;

/** The colours that the terminal's texts use. What picocolors' `createColors(enabled)` returns is one. */
export interface Palette {
	readonly bold: Paint;
	readonly dim: Paint;
	readonly red: Paint;
	readonly yellow: Paint;
	readonly green: Paint;
	readonly cyan: Paint;
}
