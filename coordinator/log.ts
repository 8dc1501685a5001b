import { type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Takes a line of an agent's stderr. @returns whether it was a log line, which has then been passed on */
export type LogRelay = (line: string) => boolean;

export interface CoordinatorLog {
	readonly log: Logger;
	readonly relay: LogRelay;
}

interface Sink {
	write(line: string): void;
}

/**
 * The coordinator's logger, which the agents' log lines pass through: JSON on stderr, or lines for people where stderr is a
 * terminal. `aroundWrites` lets a live display step aside while a line is written.
 */
export async function makeLog(level: string, aroundWrites: (write: () => void) => void): Promise<CoordinatorLog> {
	const out: Sink = process.stderr.isTTY ? await prettySink() : { write: (line) => process.stderr.write(line) };
	const sink: Sink = { write: (line) => aroundWrites(() => out.write(line)) };
	const options = { level, base: { role: "coordinator" }, timestamp: pino.stdTimeFunctions.isoTime };
	return {
		log: pino(options, sink),
		relay: (line) => {
			if (!/^\{"level":\d+,/.test(line)) return false;
			sink.write(`${line}\n`);
			return true;
		},
	};
}

async function prettySink(): Promise<Sink> {
	const { prettyFactory } = await import("pino-pretty");
	const pretty = prettyFactory({
		colorize: true,
		translateTime: "SYS:HH:MM:ss.l",
		ignore: "pid,hostname,role",
		singleLine: true,
	});
	return { write: (line) => process.stderr.write(pretty(line)) };
}
