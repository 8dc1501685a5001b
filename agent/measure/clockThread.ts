// A thread of its own, so that what the main thread does never delays a call of TIME or the reading of its answer.
import { setTimeout as sleep } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { openRedis } from "../spool/connection.js";
import { type BurstNews, followClock } from "./clockBeat.js";

const REOPEN_DELAY_MS = 500;

const { url, connectionName } = workerData as { readonly url: string; readonly connectionName: string };
const finish = new AbortController();
// The one message there is: finish.
parentPort?.once("message", () => finish.abort());
const tell = (news: BurstNews) => parentPort?.postMessage(news);

while (!finish.signal.aborted) {
	try {
		const redis = await openRedis(url, { name: connectionName, signal: finish.signal });
		await followClock(redis, tell, finish.signal);
		redis.disconnect();
	} catch (error) {
		if (finish.signal.aborted) break;
		tell({ kind: "failed", message: (error as Error).message });
		await sleep(REOPEN_DELAY_MS, undefined, { signal: finish.signal }).catch(() => undefined);
	}
}
