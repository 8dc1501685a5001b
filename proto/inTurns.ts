/**
 * Calls `send` once an interval, at this agent's place in it, so that agents that began at once do not all send at once: they
 * share cores with one another, and the coordinator.
 *
 * @param index of the agent, of `count`
 * @returns ends it
 */
export function inTurns(index: number, count: number, intervalMs: number, send: () => void): () => void {
	let timer = setTimeout(
		() => {
			timer = setInterval(send, intervalMs);
		},
		(index / count) * intervalMs,
	);
	return () => clearInterval(timer);
}
