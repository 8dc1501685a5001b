const SNAPSHOT_INTERVAL_MS = 100;
const DELTA_INTERVAL_MS = 1_000;
/** Of the whole fleet, at the most, that the coordinator should have to read each second. */
const FLEET_SNAPSHOTS_PER_SECOND = 500;

/**
 * Tells the coordinator of a run: how far it is each 100 ms, or less often in a large fleet, and what was measured each second.
 * Agents that began at once take turns within the interval: they share cores with one another, and the coordinator.
 *
 * @param place of the agent in its fleet: `index` of `count`
 * @returns ends it
 */
export function tellInTurns(
	place: { readonly index: number; readonly count: number },
	snapshot: () => void,
	delta: () => void,
): () => void {
	const snapshotMs = Math.max(SNAPSHOT_INTERVAL_MS, (place.count / FLEET_SNAPSHOTS_PER_SECOND) * 1_000);
	const ends = [inTurn(place, snapshotMs, snapshot), inTurn(place, DELTA_INTERVAL_MS, delta)];
	return () => {
		for (const end of ends) end();
	};
}

function inTurn({ index, count }: { index: number; count: number }, intervalMs: number, tell: () => void): () => void {
	let timer = setTimeout(
		() => {
			timer = setInterval(tell, intervalMs);
		},
		(index / count) * intervalMs,
	);
	return () => clearInterval(timer);
}
