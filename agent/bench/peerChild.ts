import BeeQueue from "bee-queue";
import { type ConnectionOptions, Queue, Worker } from "bullmq";
import { nowUs } from "../measure/clock.js";
import type { FromPeer, PeerJob, ToPeer } from "./peerMessages.js";

/** One process that adds jobs to another library's queue and processes what it gets, as its documentation advises. */

const QUEUE = "bench";
const PROGRESS_MS = 100;

/** What the two libraries have in common. */
interface Peer {
	add(jobs: readonly PeerJob[]): Promise<void>;
	/** Begins to process; `done` is called for each job that the library says is completed. */
	process(concurrency: number, done: () => void): void;
}

const send = (message: FromPeer) => process.send?.(message);
process.on("disconnect", () => process.exit(0));
process.on("message", (message: ToPeer) => {
	run(message).catch((error: Error) => send({ kind: "failed", reason: error.message }));
});

async function run({ library, socket, jobs, adders, bulk, concurrency, epochUs }: ToPeer): Promise<void> {
	const peer = library === "bullmq" ? bullmq({ path: socket }) : bee(socket);
	let completed = 0;
	let lastCompletedAtUs = 0;
	await new Promise((resolve) => setTimeout(resolve, Math.max(0, (epochUs - nowUs()) / 1_000)));
	const firstSentAtUs = nowUs();
	const cpuBefore = process.cpuUsage();
	peer.process(concurrency, () => {
		completed++;
		lastCompletedAtUs = nowUs();
	});
	setInterval(() => {
		const { user, system } = process.cpuUsage(cpuBefore);
		send({ kind: "progress", completed, firstSentAtUs, lastCompletedAtUs, cpuUs: user + system });
	}, PROGRESS_MS);
	let next = 0;
	const adder = async () => {
		while (next < jobs.length) {
			const batch = jobs.slice(next, next + bulk);
			next += bulk;
			await peer.add(batch);
		}
	};
	await Promise.all(Array.from({ length: adders }, adder));
}

/** The work of Spool's benchmark handler; the library has parsed the payload already. */
function handle(): { processed: boolean; timestamp: number } {
	return { processed: true, timestamp: Math.floor(Date.now() / 1_000) };
}

function bullmq(connection: ConnectionOptions): Peer {
	const queue = new Queue<PeerJob>(QUEUE, { connection });
	return {
		async add(jobs) {
			if (jobs.length === 1 && jobs[0]) await queue.add("task", jobs[0]);
			else await queue.addBulk(jobs.map((data) => ({ name: "task", data })));
		},
		process(concurrency, done) {
			const worker = new Worker<PeerJob>(QUEUE, async () => handle(), { connection, concurrency });
			worker.on("completed", done);
			worker.on("error", (error) => send({ kind: "failed", reason: error.message }));
		},
	};
}

function bee(path: string): Peer {
	const queue = new BeeQueue<PeerJob>(QUEUE, {
		redis: { path },
		getEvents: false,
		sendEvents: false,
		storeJobs: false,
	});
	return {
		async add(jobs) {
			if (jobs.length === 1 && jobs[0]) await queue.createJob(jobs[0]).save();
			else await queue.saveAll(jobs.map((data) => queue.createJob(data)));
		},
		process(concurrency, done) {
			queue.process(concurrency, async () => handle());
			queue.on("succeeded", done);
			queue.on("error", (error) => send({ kind: "failed", reason: error.message }));
		},
	};
}
