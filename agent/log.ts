import { pino } from "pino";

export type { Logger } from "pino";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * The process's logger: JSON on stderr, or lines for people when stderr is a terminal.
 *
 * @param bindings fields in each line (role, pid, host, agent index, run ID)
 */
export async function makeLogger(level: LogLevel, bindings: Record<string, unknown>): Promise<import("pino").Logger> {
	const options = { level, base: bindings, timestamp: pino.stdTimeFunctions.isoTime };
	if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }));
	const { default: pretty } = await import("pino-pretty");
	return pino(
		options,
		pretty({ destination: 2, sync: true, ignore: "role", singleLine: true, translateTime: "SYS:HH:MM:ss.l" }),
	);
}
