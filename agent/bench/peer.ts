import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { payloadMaker } from "../load/payload.js";
import { nowUs } from "../measure/clock.js";
import type { Outcome } from "./load.js";
import type { FromPeer, PeerJob, PeerLibrary, ToPeer } from "./peerMessages.js";
import type { RedisServer } from "./redisServer.js";

/** Long enough for the processes to have loaded the library. */
const LEAD_US = 1_000_000;
const TIMEOUT_MS = 120_000;

export interface PeerSetup {
	readonly library: PeerLibrary;
	readonly processes: number;
	readonly adders: number;
	readonly bulk: number;
	readonly concurrency: number;
}

/** The same work through another library: jobs added and processed at once, by some processes. */
export async function runPeer(server: RedisServer, setup: PeerSetup, tasks: number, bytes: number): Promise<Outcome> {
	server.empty();
	const payload = payloadMaker(bytes);
	const all = Array.from({ length: tasks }, (_, number) => {
		const { start, end } = payload(number);
		return JSON.parse(start + end) as PeerJob;
	});
	const share = Math.ceil(tasks / setup.processes);
	const cpuBeforeUs = server.cpuUs();
	const epochUs = nowUs() + LEAD_US;
	const children = Array.from({ length: setup.processes }, () =>
		fork(fileURLToPath(new URL("peerChild.js", import.meta.url))),
	);
	const progress = new Map<number, FromPeer & { kind: "progress" }>();
	try {
		await new Promise<void>((resolve, reject) => {
			setTimeout(() => reject(new Error(`${setup.library}: not done in time`)), TIMEOUT_MS).unref();
			for (const [index, child] of children.entries()) {
				child.on("exit", (code) => reject(new Error(`${setup.library}: a process ended with ${code}`)));
				child.on("message", (message: FromPeer) => {
					if (message.kind === "failed") {
						reject(new Error(`${setup.library}: ${message.reason}`));
						return;
					}
					progress.set(index, message);
					const completed = [...progress.values()].reduce((sum, each) => sum + each.completed, 0);
					if (completed >= tasks) resolve();
				});
				const jobs = all.slice(index * share, (index + 1) * share);
				const { library, adders, bulk, concurrency } = setup;
				child.send({ library, socket: server.socket, jobs, adders, bulk, concurrency, epochUs } satisfies ToPeer);
			}
		});
	} finally {
		for (const child of children) {
			child.removeAllListeners("exit");
			child.kill("SIGKILL");
		}
	}
	const figures = [...progress.values()];
	const startUs = Math.min(...figures.map((each) => each.firstSentAtUs));
	const endUs = Math.max(...figures.map((each) => each.lastCompletedAtUs));
	return {
		tasksPerSecond: (tasks * 1e6) / (endUs - startUs),
		redisCpuUsPerTask: (server.cpuUs() - cpuBeforeUs) / tasks,
		agentCpuUsPerTask: figures.reduce((sum, each) => sum + each.cpuUs, 0) / tasks,
		peakRssBytes: 0,
		polls: 0,
	};
}
