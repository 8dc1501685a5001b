import type { Arm, Conclude, Concluded, Prepare, Ready, Snapshot } from "../proto/gen/cluster.js";
import { FailureKind, StopScope } from "../proto/gen/cluster.js";
import type { Measurements } from "../proto/gen/measurement.js";
import type { Handler, Slice, TaskShape, WorkerShare } from "../proto/gen/slice.js";
import { ResourceMeter } from "../proto/resources.js";
import { checkSlice } from "../proto/slicecheck.js";
import { sharedAlarm } from "./alarm.js";
import type { Engine, EngineParts } from "./engine.js";
import { openEngine } from "./engines.js";
import { misreadClock, recorderMaker, standStill, unreliableEngine } from "./faults.js";
import { claimNamespace, concludeRun, NamespaceInUseError, RedisSampler } from "./lead.js";
import { runOpenLoop } from "./load/openLoop.js";
import { longestPayload, payloadMaker } from "./load/payload.js";
import { Permits } from "./load/permits.js";
import { runProducer } from "./load/producer.js";
import { randomStream } from "./load/random.js";
import type { Logger } from "./log.js";
import { nowUs } from "./measure/clock.js";
import { ClockFollower } from "./measure/clockFollower.js";
import { measureClock } from "./measure/clocksync.js";
import { type ProfilePart, Profiler, type ProfileWindow } from "./measure/profiler.js";
import type { Recorder, RecorderOptions } from "./measure/recorder.js";
import { Stamper } from "./measure/stamp.js";
import { OutageLog } from "./outages.js";
import { openRedis, type Redis } from "./spool/connection.js";
import { WallClock } from "./spool/gotime.js";
import { readServer, sampleRedis } from "./spool/namespace.js";
import type { Task } from "./spool/task.js";
import { untilEpoch } from "./start.js";
import { warmUp } from "./warmup.js";
import { makeHandler } from "./work/handlers.js";

/** An agent's handlers draw from the seed's stream of this number and its index; its arrivals from that of its index. */
const HANDLER_STREAMS = 2 ** 16;

/** A worker that is still busy this long after it was told to stop is abandoned, and its task with it. */
const STOP_GRACE_MS = 5_000;

/** Why an agent cannot run its slice; told to the coordinator as a Failure. */
export class RunnerError extends Error {
	constructor(
		readonly kind: FailureKind,
		message: string,
		options?: ErrorOptions,
	) {
		super(message, options);
	}
}

/** A slice whose parts are known to be there. */
interface Work {
	readonly slice: Slice;
	readonly keyPrefix: string;
	readonly task: TaskShape;
	readonly workers: WorkerShare;
	readonly handler: Handler;
}

interface Connections {
	readonly engine: Engine;
	/** For what is done beside the load: samples, census, removal. */
	readonly control: Redis;
	/** The time of day, for labels. */
	readonly wall: WallClock;
	readonly outages: OutageLog;
}

/**
 * A slice's life in one agent:
 *
 *   prepare ─▶ prepared ─ arm ─▶ armed ─ epoch ─▶ running ─ stop(SENDING) ─▶ draining ─ stop(ALL) ─▶ finished ─▶ closed
 *
 * `stop` may come at any time and more than once; `close` ends every state. `finished` settles once, with what was measured.
 */
export class Runner {
	readonly finished: Promise<Measurements>;
	readonly #finish: (measurements: Promise<Measurements>) => void;
	readonly #stopSending = new AbortController();
	readonly #stopWorking = new AbortController();
	readonly #abandon = new AbortController();
	readonly #meter = new ResourceMeter();
	readonly #sampler: RedisSampler;
	#recorder: Recorder | undefined;
	/** Where tasks cross hosts. */
	#clock: ClockFollower | undefined;
	#permits: Permits | undefined;
	#epochUs = Number.POSITIVE_INFINITY;
	#latenessUs = 0;
	#sendingDone = false;
	#takingDelta = false;
	#snapshots = 0;

	private constructor(
		readonly ordinal: number,
		readonly ready: Ready,
		private readonly work: Work,
		private readonly connections: Connections,
		lead: boolean,
		private readonly log: Logger,
		private readonly makeRecorder: (options: RecorderOptions) => Recorder,
		private readonly profiler: Profiler | undefined,
	) {
		let finish: (measurements: Promise<Measurements>) => void = () => {};
		this.finished = new Promise((resolve) => {
			finish = resolve;
		});
		this.#finish = finish;
		this.#sampler = new RedisSampler(
			() => sampleRedis(connections.control, work.keyPrefix, nowUs() - this.#epochUs),
			(error) => log.warn({ error: error.message }, "could not sample Redis"),
			lead,
		);
	}

	/**
	 * Connects, looks after the namespace where this agent leads, measures the clock and warms the code up.
	 *
	 * @param makeRecorder another one, for who measures the cost of recording
	 * @throws RunnerError naming what is wrong, passwords hidden
	 */
	static async prepare(
		request: Prepare,
		log: Logger,
		signal: AbortSignal,
		makeRecorder = recorderMaker(request.slice?.faults),
	): Promise<Runner> {
		const work = checkedWork(request.slice);
		const { url } = work.slice.target ?? { url: "" };
		const opened: Redis[] = [];
		const outages = new OutageLog(nowUs);
		const open = async (role: string): Promise<Redis> => {
			let told: string | undefined;
			const redis = await openRedis(url, {
				name: `spool-bench-${work.slice.agentIndex}-${role}`,
				signal,
				onError: (error) => {
					// Each attempt to reconnect fails in the same way: said once.
					if (error.message !== told) log.warn({ connection: role, error: error.message }, "Redis connection");
					told = error.message;
				},
			});
			redis.on("connect", () => {
				told = undefined;
			});
			redis.on("close", () => outages.lost(redis));
			redis.on("ready", () => outages.back(redis));
			opened.push(redis);
			return redis;
		};
		try {
			const control = await open("control");
			const wall = new WallClock();
			const { faults } = work.slice;
			const parts: EngineParts = {
				slice: work.slice,
				keyPrefix: work.keyPrefix,
				open,
				clock: wall,
				nowUs,
				onNotice: (notice) => log.warn(notice),
			};
			const opening = openEngine(parts);
			const engine = faults ? await unreliableEngine(await opening, faults, parts) : await opening;
			const namespace = request.lead ? await claimNamespace(control, work.keyPrefix, request.purge) : undefined;
			const redis = request.lead ? await readServer(control) : undefined;
			await warmUp(work.slice, work.task);
			const profiler = request.profile && (await Profiler.open(request.profile));
			const clock = misreadClock(await measureClock(control), faults);
			const ready = { ordinal: request.ordinal, clock: { ...clock, monotonicNowUs: nowUs() }, namespace, redis };
			const connections = { engine, control, wall, outages };
			return new Runner(request.ordinal, ready, work, connections, request.lead, log, makeRecorder, profiler);
		} catch (error) {
			for (const redis of opened) redis.disconnect();
			const kind = error instanceof NamespaceInUseError ? FailureKind.NAMESPACE_IN_USE : FailureKind.REDIS;
			throw new RunnerError(kind, (error as Error).message, { cause: error });
		}
	}

	/** Schedules the load for the epoch. What it does from then on is told by `finished`. */
	arm(arm: Arm): void {
		this.#epochUs = arm.epochMonotonicUs;
		// Made before the epoch: histograms take a while, and so does the alarm's thread.
		const { runTag, producers, load } = this.work.slice;
		if (load?.kind?.$case === "open") sharedAlarm();
		if (arm.hostCount > 1) this.#clock = this.#followClock(arm);
		this.#recorder = this.makeRecorder({
			runTag,
			epochUs: this.#epochUs,
			producers: producers.map(({ index }) => index),
			window: load?.window,
			...(this.#clock && { clock: this.#clock }),
		});
		this.profiler?.begin(this.#measuredWindow());
		this.#finish(this.#run(this.#recorder));
	}

	async #run(recorder: Recorder): Promise<Measurements> {
		this.#latenessUs = await untilEpoch(this.#epochUs, nowUs, this.#stopWorking.signal);
		this.#sampler.start();
		const sending = this.#send(recorder).then(() => {
			this.#sendingDone = true;
			this.#meter.sendingEnded();
		});
		const consuming = this.#consume(recorder);
		const { faults } = this.work.slice;
		if (faults) void standStill(faults, () => nowUs() - this.#epochUs, this.#stopWorking.signal);
		this.#meter.start();
		await Promise.all([sending, consuming]);
		this.#meter.stop();
		await Promise.all([this.#sampler.finish(), this.#clock?.finish()]);
		const measurements = this.#complete(recorder.result(this.#meter.read()), this.#sampler.all);
		const { lastEnqueuedAtUs = 0, lastCompletedAtUs = 0 } = measurements.span ?? {};
		await this.profiler?.finish(this.#epochUs + Math.max(0, lastEnqueuedAtUs, lastCompletedAtUs));
		return measurements;
	}

	#followClock(arm: Arm): ClockFollower {
		const { target, agentIndex } = this.work.slice;
		return new ClockFollower({
			url: target?.url ?? "",
			connectionName: `spool-bench-${agentIndex}-clock`,
			arm,
			onWarning: (message) => this.log.warn(message),
		});
	}

	/** What is profiled; without an end of its own to the last completion. */
	#measuredWindow(): ProfileWindow {
		const { kind, window } = this.work.slice.load ?? {};
		const atUs = (sinceEpochMs: number) => this.#epochUs + sinceEpochMs * 1_000;
		if (window) return { fromUs: atUs(window.fromMs), toUs: atUs(window.toMs) };
		return { fromUs: atUs(0), toUs: kind?.$case === "timed" ? atUs(kind.value.durationMs) : undefined };
	}

	/** Told of each part of the profiles that were asked for; of the last ones before `finished` settles. */
	set onProfile(told: (part: ProfilePart) => void) {
		if (this.profiler) this.profiler.onPart = told;
	}

	async #send(recorder: Recorder): Promise<void> {
		const { slice, task } = this.work;
		const { engine, wall } = this.connections;
		const context = {
			enqueue: (task: Task) => engine.enqueue(task),
			runTag: slice.runTag,
			shape: task,
			payload: payloadMaker(longestPayload(task)),
			stamper: new Stamper(slice.runTag, this.#epochUs, this.#clock),
			recorder,
			nowUs,
			wall,
			stop: this.#stopSending.signal,
		};
		if (slice.load?.kind?.$case === "open") {
			const load = slice.load.kind.value;
			const lookers = new Set<() => void>();
			recorder.onSettled = () => {
				for (const look of lookers) look();
			};
			const open = { ...context, epochUs: this.#epochUs, abandon: this.#abandon.signal, lookers };
			await Promise.all(slice.producers.map((share) => runOpenLoop(open, share, load)));
			return;
		}
		const { permits, limitMs } = this.#closedLoop(recorder);
		const limit = limitMs > 0 ? setTimeout(() => this.stop(StopScope.SENDING), limitMs) : undefined;
		await Promise.all(slice.producers.map((share) => runProducer(context, share, permits)));
		clearTimeout(limit);
	}

	/** What holds the producers back: in a timed run permits, in both kinds a time from now on, 0 for none. */
	#closedLoop(recorder: Recorder): { permits: Permits | undefined; limitMs: number } {
		const load = this.work.slice.load?.kind;
		const fromNow = (sinceEpochMs: number) => Math.max(1, (this.#epochUs - nowUs()) / 1_000 + sinceEpochMs);
		if (load?.$case !== "timed") {
			const limitMs = load?.$case === "taskCount" ? load.value.limitMs : 0;
			return { permits: undefined, limitMs: limitMs > 0 ? fromNow(limitMs) : 0 };
		}
		const permits = new Permits(load.value.inFlight);
		this.#permits = permits;
		recorder.onSettled = () => permits.give();
		return { permits, limitMs: fromNow(load.value.durationMs) };
	}

	async #consume(recorder: Recorder): Promise<void> {
		const { task, handler, slice } = this.work;
		const random = randomStream(task.drawSeed, HANDLER_STREAMS + slice.agentIndex);
		const stop = this.#stopWorking.signal;
		await this.connections.engine.work({
			handlers: new Map([[task.type, makeHandler(handler, random)]]),
			observer: recorder,
			epochUs: this.#epochUs,
			stop,
			abandon: this.#abandon.signal,
		});
		if (!stop.aborted) {
			// This agent has no workers: it is done when the others are.
			await new Promise<void>((resolve) => stop.addEventListener("abort", () => resolve(), { once: true }));
		}
	}

	/** Ends sending, or everything. May be called at any time, also twice. */
	stop(scope: StopScope): void {
		this.#meter.sendingEnded();
		this.#stopSending.abort();
		this.#permits?.close();
		if (scope !== StopScope.ALL || this.#stopWorking.signal.aborted) return;
		this.connections.outages.close();
		this.#stopWorking.abort();
		const grace = setTimeout(() => this.abandon(), STOP_GRACE_MS);
		void this.finished.finally(() => clearTimeout(grace)).catch(() => {});
	}

	/** Ends everything at once: what workers hold stays in Redis as it is. May be called twice. */
	abandon(): void {
		this.#stopSending.abort();
		this.#permits?.close();
		this.#stopWorking.abort();
		this.#abandon.abort();
		this.connections.outages.close();
		this.connections.engine.abandon();
	}

	set lead(lead: boolean) {
		this.#sampler.leading = lead;
	}

	/** Armed: it has something to tell. */
	get started(): boolean {
		return this.#recorder !== undefined;
	}

	snapshot(): Snapshot {
		return {
			ordinal: this.ordinal,
			sequence: ++this.#snapshots,
			totals: this.#recorder?.totals(),
			inFlight: (this.#recorder?.inFlight ?? 0) + (this.#sampler.leading ? this.connections.engine.owed : 0),
			sendingDone: this.#sendingDone,
			backlog: this.#sampler.leading ? this.#sampler.backlog : -1,
			monotonicNowUs: nowUs(),
		};
	}

	/** What was measured since the last call; undefined before it is armed, and while the last one is being taken. */
	async takeDelta(): Promise<Measurements | undefined> {
		if (!this.#recorder || this.#takingDelta) return undefined;
		this.#takingDelta = true;
		try {
			return this.#complete(await this.#recorder.takeDelta(this.#meter.read()), this.#sampler.take());
		} finally {
			this.#takingDelta = false;
		}
	}

	/** Redis is there. */
	get connected(): boolean {
		return this.connections.control.status === "ready";
	}

	/** See `concludeRun`. */
	async conclude(request: Pick<Conclude, "clean" | "readStates">): Promise<Concluded> {
		const { slice, keyPrefix } = this.work;
		const atUs = nowUs() - this.#epochUs;
		const concluded = await concludeRun(this.connections.control, slice, keyPrefix, request, atUs);
		return { ordinal: this.ordinal, ...concluded };
	}

	/** Lets go of every connection and timer. May be called twice. */
	close(): void {
		this.abandon();
		this.#sampler.stop();
		this.#meter.stop();
		this.#clock?.stop();
		this.profiler?.close();
		this.connections.control.disconnect();
		this.#recorder = undefined;
	}

	#complete(measurements: Measurements, redis: Measurements["redis"]): Measurements {
		if (measurements.span) measurements.span.startLatenessUs = this.#latenessUs;
		measurements.redis = redis;
		measurements.outages = this.connections.outages.since(this.#epochUs);
		return measurements;
	}
}

function checkedWork(slice: Slice | undefined): Work {
	const problems = slice ? checkSlice(slice) : ["there is none"];
	const { target, task, workers, handler } = slice ?? {};
	if (problems.length > 0 || !slice || !target || !task || !workers || !handler) {
		throw new RunnerError(FailureKind.BAD_SLICE, `bad slice: ${problems.join("; ")}`);
	}
	return { slice, keyPrefix: target.keyPrefix, task, workers, handler };
}
