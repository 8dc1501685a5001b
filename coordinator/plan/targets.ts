import { z } from "zod";
import type { Problem } from "./problem.js";
import { parseThreshold, type Threshold } from "./threshold.js";
import { faultsOf, readYaml } from "./yamlFile.js";

/** What a run should reach. Missing one is no failure; a threshold is. */
export interface Targets {
	/** `spool`, or the file that they came from. */
	readonly name: string;
	readonly rows: readonly Target[];
}

export interface Target {
	readonly title: string;
	readonly target: Threshold;
	/** Holds where the figure is not only short of the target but calls for a look. */
	readonly warning: Threshold | undefined;
}

/** Spool's own, by its README. */
export const SPOOL_TARGETS: Targets = {
	name: "spool",
	rows: [
		spoolTarget("Throughput", "throughput: rate>=2500"),
		spoolTarget("P99 response time", "responseTime: p(99)<50ms", "responseTime: p(99)>100ms"),
		spoolTarget("Error rate", "errors: rate<0.1%", "errors: rate>1%"),
		spoolTarget("Memory of an agent", "memory: rss<500MB"),
	],
};

function spoolTarget(title: string, target: string, warning?: string): Target {
	return { title, target: written(target), warning: warning === undefined ? undefined : written(warning) };
}

function written(text: string): Threshold {
	const result = parseThreshold(text);
	if (!result.ok) throw new Error(`${text}: ${result.expected}`);
	return result.value;
}

const condition = z.string().transform((text, context) => {
	const result = parseThreshold(text);
	if (result.ok && !result.value.abortOnFail) return result.value;
	const message = result.ok ? "expected no abortOnFail: only a threshold ends a run" : result.expected;
	context.addIssue({ code: "custom", message: `${message}, in ${JSON.stringify(text)}`, params: { isWhole: true } });
	return z.NEVER;
});

const rows = z.record(
	z.string(),
	z.union([
		condition.transform((target) => ({ target, warning: undefined })),
		z
			.strictObject({ target: condition, warning: condition.optional() })
			.transform(({ target, warning }) => ({ target, warning })),
	]),
);

/** Reads a file of targets: a mapping of titles to conditions, or to `{target, warning}`. Tells every problem. */
export function readTargets(
	path: string,
	text: string,
): { readonly targets: Targets; readonly problems: readonly Problem[] } {
	const file = readYaml(path, text);
	const empty = { name: path, rows: [] };
	if (file.syntax.length > 0) return { targets: empty, problems: file.syntax };
	const checked = rows.safeParse(file.written);
	if (!checked.success) {
		const faults = checked.error.issues
			.flatMap((issue) => deepest(issue))
			.flatMap((issue) => faultsOf(issue, file.written, unknownKey));
		return { targets: empty, problems: file.problemsOf(faults) };
	}
	const read = Object.entries(checked.data).map(([title, row]) => ({ title, ...row }));
	if (read.length === 0) {
		const message = "expected at least one target, such as 'Throughput: \"throughput: rate>=2500\"'";
		return { targets: empty, problems: [{ where: path, message }] };
	}
	return { targets: { name: path, rows: read }, problems: [] };
}

/** What is wrong within the shape that was meant, instead of that no shape fits. */
function deepest(issue: z.core.$ZodIssue): z.core.$ZodIssue[] {
	if (issue.code !== "invalid_union") return [issue];
	const meant = issue.errors.find((errors) =>
		errors.every(({ code, path }) => code !== "invalid_type" || path.length > 0),
	);
	return (meant ?? []).length > 0
		? (meant ?? []).map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }))
		: [{ ...issue, message: "expected a condition such as 'throughput: rate>=2500', or {target, warning}" }];
}

function unknownKey(): string {
	return "unknown key; expected target or warning";
}
