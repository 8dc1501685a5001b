import { classifyError } from "../spool/connection.js";

const REFUSAL_PAUSE_MS = 100;

/**
 * Does something that may be done again, until it is answered: a lost connection is waited for by the next attempt itself,
 * and a server that refuses is asked again after a pause.
 *
 * @param attempt undefined: to be tried again
 * @param onError told of each failure
 * @returns undefined when `signal` aborted first
 */
export async function persistently<T>(
	attempt: () => Promise<T | undefined>,
	onError: (error: Error) => void,
	signal: AbortSignal,
): Promise<T | undefined> {
	while (!signal.aborted) {
		try {
			const answer = await attempt();
			if (answer !== undefined) return answer;
		} catch (error) {
			if (signal.aborted) return undefined;
			onError(error as Error);
			if (classifyError(error as Error).outcome === "unknown") continue;
		}
		await new Promise((resolve) => setTimeout(resolve, REFUSAL_PAUSE_MS));
	}
	return undefined;
}
