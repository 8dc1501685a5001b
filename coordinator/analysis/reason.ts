export type Validity = "VALID" | "DEGRADED" | "INVALID";

/** A NOTE is worth knowing and leaves the verdict as it is. */
export type Severity = "INVALID" | "DEGRADED" | "NOTE";

/** One finding about a run. */
export interface Reason {
	/** Stable, for programs. */
	readonly code: string;
	readonly severity: Severity;
	/** The figure that gave rise to it; null where it is not a matter of one. */
	readonly figure: number | null;
	readonly sentence: string;
	/** What to do about it. */
	readonly advice: string;
}

export interface Verdict<R extends Reason = Reason> {
	readonly validity: Validity;
	readonly reasons: readonly R[];
}

const GRAVITY: { readonly [severity in Severity]: number } = { INVALID: 2, DEGRADED: 1, NOTE: 0 };

/** The gravest reason decides. Reasons of one severity stay in their order. */
export function verdictFrom<R extends Reason>(reasons: readonly R[]): Verdict<R> {
	const sorted = reasons.toSorted((a, b) => GRAVITY[b.severity] - GRAVITY[a.severity]);
	const gravest = sorted[0]?.severity ?? "NOTE";
	return { validity: gravest === "NOTE" ? "VALID" : gravest, reasons: sorted };
}
