import type { Socket } from "node:net";

/**
 * Lets all that is written to the socket in one turn of the event loop leave in one system call.
 *
 * Many loops share a connection, each with one command outstanding. One reply packet wakes several of them, and each writes
 * its next command: without this, a system call apiece. The socket is corked by the first write and let go when the
 * promises that are due have run (process.nextTick comes after them), so no command waits for I/O, a timer or a reply.
 * ioredis's own auto-pipelining is not used since it holds commands back while a pipeline is unanswered, which would add to
 * the round trip that is being measured.
 */
export function corkWrites(socket: Socket): void {
	const write = socket.write.bind(socket);
	let corked = false;
	const uncork = () => {
		corked = false;
		socket.uncork();
	};
	// ioredis calls write with a chunk and nothing else.
	socket.write = (chunk: string | Uint8Array): boolean => {
		if (!corked) {
			corked = true;
			socket.cork();
			process.nextTick(uncork);
		}
		return write(chunk);
	};
}
