import type { Redis } from "ioredis";
import { type ReadBulk, type Reply, ReplyReader } from "./replyReader.js";
import { WrittenCommand } from "./writtenCommand.js";

const AS_TEXT: ReadBulk = (bytes, from, to) => bytes.toString("utf8", from, to);

/**
 * Reads what Redis answers on a connection that has just come about, in ioredis's place: it settles the same commands in the
 * same order. A `WrittenCommand` stands for several, and says how it wants its bulk strings.
 */
export function readReplies(redis: Redis): void {
	const { stream } = redis;
	// The first is ioredis's decoder; others watch for silence.
	const [decode] = stream.listeners("data");
	if (!decode) throw new Error("ioredis does not listen to its connection");
	stream.removeListener("data", decode as () => void);
	let written: Reply[] = [];
	const expected = () => redis.commandQueue.peekFront()?.command;
	const reader = new ReplyReader(
		() => {
			const command = expected();
			return command instanceof WrittenCommand ? (command.readBulk ?? AS_TEXT) : AS_TEXT;
		},
		(reply) => {
			const command = expected();
			if (!command) throw new Error("Redis answered what nobody asked");
			if (command instanceof WrittenCommand) {
				written.push(reply);
				if (written.length < command.commands) return;
				redis.commandQueue.shift();
				command.resolve(written);
				written = [];
				return;
			}
			redis.commandQueue.shift();
			if (reply instanceof Error) command.reject(reply);
			else command.resolve(reply);
		},
	);
	stream.prependListener("data", (piece: Buffer) => {
		try {
			reader.push(piece);
		} catch (error) {
			stream.destroy(error as Error);
		}
	});
	stream.resume();
}
