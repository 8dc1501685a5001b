import { LIMITS } from "../../proto/slicecheck.js";
import type { HandlerSpec } from "./plan.js";
import { expected, formatDuration, type Parsed, parseDuration, parsed } from "./quantities.js";

export const HANDLER_EXAMPLES = ["benchmark", "noop", "sleep:5ms", "sleep:exp:20ms", "cpu:2ms", "fail:0.01", "hang"];

/** What a worker does with a task, as one word with its parameter: see `HANDLER_EXAMPLES`. */
export function parseHandler(text: string): Parsed<HandlerSpec> {
	const [kind = "", ...rest] = text.split(":");
	const parameter = rest.join(":");
	switch (kind) {
		case "benchmark":
		case "noop":
		case "hang":
			return rest.length === 0 ? parsed({ kind }) : expected(`${kind} without a parameter`);
		case "sleep": {
			const exponential = rest.length > 1 && rest[0] === "exp";
			const mean = parseTime(exponential ? rest.slice(1).join(":") : parameter);
			if (mean === undefined) return expected("sleep with a time of at most 1h, such as sleep:5ms or sleep:exp:20ms");
			return parsed({ kind, meanMs: mean, exponential });
		}
		case "cpu": {
			const time = parseTime(parameter);
			if (time === undefined) return expected("cpu with a time of at most 1h, such as cpu:2ms");
			return parsed({ kind, durationMs: time });
		}
		case "fail": {
			const probability = /^[01](\.\d{1,9})?$/.test(parameter) ? Number(parameter) : Number.NaN;
			return probability <= 1 ? parsed({ kind, probability }) : expected("fail with a probability, such as fail:0.01");
		}
		default:
			return expected(`${HANDLER_EXAMPLES.slice(0, -1).join(", ")} or ${HANDLER_EXAMPLES.at(-1)}`);
	}
}

function parseTime(text: string): number | undefined {
	const time = parseDuration(text);
	return time.ok && time.value <= LIMITS.handlerMs ? time.value : undefined;
}

/** The text that `parseHandler` reads as this handler. */
export function formatHandler(handler: HandlerSpec): string {
	switch (handler.kind) {
		case "sleep":
			return `sleep:${handler.exponential ? "exp:" : ""}${formatDuration(handler.meanMs)}`;
		case "cpu":
			return `cpu:${formatDuration(handler.durationMs)}`;
		case "fail":
			return `fail:${handler.probability.toFixed(9).replace(/\.?0+$/, "")}`;
		default:
			return handler.kind;
	}
}
