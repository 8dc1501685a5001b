import { Command } from "ioredis";
import type { ReadBulk, Reply } from "./replyReader.js";

/** Commands that `CommandBuffer` has written, as one of ioredis's: it resolves to a reply for each, Errors among them. */
export class WrittenCommand extends Command {
	declare readonly promise: Promise<Reply[]>;

	/**
	 * @param name of the first, for ioredis's checks
	 * @param commands how many there are
	 * @param readBulk how the bulk strings of their replies are handed out; as text unless given
	 */
	constructor(
		name: string,
		private readonly bytes: Buffer,
		readonly commands: number,
		readonly readBulk: ReadBulk | undefined,
	) {
		super(name, [], { replyEncoding: null });
	}

	override toWritable(): Buffer {
		return this.bytes;
	}
}
