const ROOT = "spoolbench.v1";
const EXECUTION = /^[0-9A-Za-z]{1,64}$/;
const RUN = /^([0-9A-Za-z]{1,64})-(\d{1,6})$/;

/** Where a message on telemetry's subjects comes from. */
export type TelemetrySource =
	| { readonly kind: "plan"; readonly execution: string }
	| { readonly kind: "agent"; readonly execution: string; readonly ordinal: number; readonly agent: number };

/** Of all there is, or of one plan's execution. */
export function subjectsOf(execution?: string): string {
	return `${ROOT}.${execution ?? "*"}.>`;
}

export function planSubject(execution: string): string {
	return `${ROOT}.${execution}.plan`;
}

/** @returns undefined where the run's ID is none that makes a subject */
export function agentSubject(runId: string, agent: number): string | undefined {
	const [, execution, ordinal] = RUN.exec(runId) ?? [];
	return execution === undefined ? undefined : `${ROOT}.${execution}.${ordinal}.agent.${agent}`;
}

/** The execution that an ID stands for: its own, or that of one of its runs. Undefined where it is neither. */
export function executionOf(id: string): string | undefined {
	return EXECUTION.test(id) ? id : RUN.exec(id)?.[1];
}

/** @returns undefined for what is none of telemetry's subjects */
export function readSubject(subject: string): TelemetrySource | undefined {
	if (!subject.startsWith(`${ROOT}.`)) return undefined;
	const [execution = "", second = "", third, fourth = "", ...more] = subject.slice(ROOT.length + 1).split(".");
	if (!EXECUTION.test(execution) || more.length > 0) return undefined;
	if (second === "plan" && third === undefined) return { kind: "plan", execution };
	if (third !== "agent" || !/^\d{1,6}$/.test(second) || !/^\d{1,6}$/.test(fourth)) return undefined;
	return { kind: "agent", execution, ordinal: Number(second), agent: Number(fourth) };
}
