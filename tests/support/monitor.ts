import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { Redis } from "ioredis";

/** A command as Redis received it: its arguments, the name first, as text. */
export interface SeenCommand {
	readonly atSeconds: number;
	readonly words: readonly string[];
}

export interface Monitor {
	/** Every command that Redis received until now, from any client. */
	seen(): Promise<readonly SeenCommand[]>;
	stop(): void;
}

/** Records what a Redis receives, with MONITOR. ioredis's own monitor loses bytes that are not ASCII, this does not. */
export async function startMonitor(socketPath: string): Promise<Monitor> {
	const socket = connect(socketPath);
	await once(socket, "connect");
	const commands: SeenCommand[] = [];
	const waiting = new Map<string, () => void>();
	let rest = "";
	socket.setEncoding("latin1");
	socket.on("data", (chunk: string) => {
		const lines = (rest + chunk).split("\r\n");
		rest = lines.pop() ?? "";
		for (const line of lines) {
			const command = parseLine(line);
			if (!command) continue;
			const [name = "", word = ""] = command.words;
			if (name.toLowerCase() === "echo" && waiting.has(word)) waiting.get(word)?.();
			else commands.push(command);
		}
	});
	const started = once(socket, "data");
	socket.write("MONITOR\r\n");
	await started;
	const marker = new Redis({ path: socketPath, disableClientInfo: true, enableReadyCheck: false });
	return {
		async seen() {
			const word = randomUUID();
			const arrived = new Promise<void>((resolve) => waiting.set(word, resolve));
			await marker.echo(word);
			await arrived;
			return [...commands];
		},
		stop() {
			marker.disconnect();
			socket.destroy();
		},
	};
}

/** `+1795403078.123456 [0 unix:/path] "set" "key" "value"` */
function parseLine(line: string): SeenCommand | undefined {
	const match = /^\+(\d+\.\d+) \[[^\]]*\] (.*)$/s.exec(line);
	if (!match) return undefined;
	const words = [...(match[2] ?? "").matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, quoted = ""]) => unquote(quoted));
	return { atSeconds: Number(match[1]), words };
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", a: "\x07", b: "\b" };

/** Redis quotes each byte that is not printable ASCII. */
function unquote(quoted: string): string {
	const bytes = quoted.replace(/\\(?:x([0-9a-f]{2})|(.))/g, (_all, hex: string | undefined, character: string) =>
		hex === undefined ? (ESCAPES[character] ?? character) : String.fromCharCode(Number.parseInt(hex, 16)),
	);
	return Buffer.from(bytes, "latin1").toString("utf8");
}
