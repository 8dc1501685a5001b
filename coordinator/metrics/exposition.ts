/** One figure of a family, with what tells it from the others. */
export interface Sample {
	readonly labels: Readonly<Record<string, string>>;
	readonly value: number;
	/** `_bucket`, `_sum` and `_count` of a histogram. */
	readonly suffix?: string;
}

export interface MetricFamily {
	/** Prometheus' way: base units, a counter ends in `_total`. */
	readonly name: string;
	readonly kind: "counter" | "gauge" | "histogram";
	readonly help: string;
	readonly samples: readonly Sample[];
}

/** Of Prometheus' text format, version 0.0.4. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Families without samples are left out. */
export function formatExposition(families: readonly MetricFamily[]): string {
	return families
		.filter(({ samples }) => samples.length > 0)
		.map(({ name, kind, help, samples }) => {
			const lines = samples.map(({ labels, value, suffix = "" }) => {
				return `${name}${suffix}${formatLabels(labels)} ${formatValue(value)}\n`;
			});
			return `# HELP ${name} ${help}\n# TYPE ${name} ${kind}\n${lines.join("")}`;
		})
		.join("");
}

function formatLabels(labels: Readonly<Record<string, string>>): string {
	const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
	return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escapeLabel(text: string): string {
	return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

function formatValue(value: number): string {
	if (value === Number.POSITIVE_INFINITY) return "+Inf";
	return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
