import { readdirSync } from "node:fs";
import { setPriority } from "node:os";
import { setFlagsFromString } from "node:v8";

/**
 * What V8 does in the middle of a run, an agent cannot send in meanwhile, nor can those that share its cores:
 *
 * - Where most of the objects of one line outlived a young collection once, it makes the line's further ones in the old
 *   generation. Replies that came in a burst teach it that, and from then on each dead one keeps alive whatever it led to:
 *   young collections take five times as long, and every four seconds there is a full one.
 * - A young collection shared out among threads waits for the last of them to get a core: 2 to 7 ms on a busy machine, for
 *   0.5 ms of work.
 */
const V8_FLAGS = ["--no-allocation-site-pretenuring", "--no-parallel-scavenge"];

/** Of all threads but the main one, the compiler's foremost: they get a tenth of a core that somebody else wants, too. */
const HELPER_NICENESS = 10;

/** Keeps what else this process does from holding up its main thread, and its neighbours'. To be called before any load. */
export function runUndisturbed(): void {
	for (const flag of V8_FLAGS) setFlagsFromString(flag);
	for (const thread of helperThreads()) {
		try {
			setPriority(thread, HELPER_NICENESS);
		} catch {
			// It has just ended, or this user may not: it is as it was.
		}
	}
}

/** Thread IDs; none where the system does not tell. */
function helperThreads(): number[] {
	try {
		return readdirSync("/proc/self/task")
			.map(Number)
			.filter((thread) => thread !== process.pid);
	} catch {
		return [];
	}
}
