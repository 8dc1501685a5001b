import { diagnose } from "../analysis/diagnosis.js";
import { hostBusy } from "./hostBusy.js";
import type { Report, ReportRun } from "./schema.js";

/** Reasons that say that the agents did not send on time. */
const GENERATOR_LATE = new Set(["generator-late"]);

/** What limited the headline run; null where its figures do not hold for another reason than the generator. */
export function buildDiagnosis(run: ReportRun | undefined, environment: Report["environment"]): Report["diagnosis"] {
	if (!run) return null;
	const generatorLate = run.verdict.reasons.some(
		({ code, severity }) => GENERATOR_LATE.has(code) && severity === "INVALID",
	);
	if (run.verdict.validity === "INVALID" && !generatorLate) return null;
	const { latency, parameters, redis, resources } = run;
	const { queueWait, responseTime } = latency;
	const spins = parameters.load.kind === "open" && parameters.load.spin;
	const busyShare = run.offered?.sendingLoopUtilizationMax ?? resources.loopUtilizationMax;
	const found = diagnose({
		loop: run.loop,
		tasksPerSecond: run.throughput.tasksPerSecond,
		workers: run.workers,
		slots: run.workers * parameters.concurrency,
		isClassic: parameters.engine === "classic",
		pollIntervalMs: parameters.pollIntervalMs,
		generatorLate,
		hostBusy: hostBusy(run, environment) ?? undefined,
		redisBusy: redis.busyShare ?? undefined,
		evictedKeys: redis.evictedKeys,
		loopUtilization: spins ? 0 : busyShare,
		serviceUs: latency.serviceTime.meanUs,
		dequeueUs: latency.dequeueTime.meanUs,
		ackUs: latency.ackTime.meanUs,
		queueWait: queueWait.count === 0 ? undefined : { p50Us: queueWait.p50Us, p95Us: queueWait.p95Us },
		responseP50Us: responseTime.p50Us,
	});
	return { run: run.ordinal, ...found };
}
