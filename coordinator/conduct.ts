import { randomBytes } from "node:crypto";
import type { Record } from "../proto/gen/record.js";
import { describeHost } from "../proto/host.js";
import { hidePasswords } from "../proto/redisUrl.js";
import { ResourceMeter } from "../proto/resources.js";
import { VERSION } from "../proto/version.js";
import { type Cluster, openCluster } from "./cluster.js";
import type { ExecutionFlags } from "./commands/options.js";
import { EXIT_ABORTED } from "./deliver.js";
import { executePlan } from "./execute.js";
import { formatAddress } from "./fleet/address.js";
import type { FleetRun } from "./fleetRun.js";
import type { LiveView } from "./liveView.js";
import type { CoordinatorLog } from "./log.js";
import { MetricsServer } from "./metrics/server.js";
import type { Plan } from "./plan/plan.js";
import { planToJson } from "./plan/planJson.js";
import { type FinishedProfile, ProfileCollector } from "./profile/collector.js";
import { RECORD_FORMAT } from "./results/recordFile.js";
import { PlanTelemetry } from "./telemetry.js";

/** Of this program itself. */
const EXIT_FAULT = 1;
const EXIT_BAD_INPUT = 2;
const EXIT_SECOND_INTERRUPT = 130;

export interface Conduct {
	readonly plan: Plan;
	readonly flags: ExecutionFlags;
	readonly view: LiveView;
	readonly logging: CoordinatorLog;
	readonly startedAt: Date;
	/** Takes what was measured, however far the plan came, and says with which code the process is to end. */
	readonly conclude: (record: Record, profiles: readonly FinishedProfile[]) => Promise<number>;
	/** Nothing was measured. */
	readonly nothing: () => Promise<void>;
}

/**
 * Opens a cluster, executes a plan over it, ends in order on the first signal, and closes the cluster again.
 *
 * @returns the process's exit code
 */
export async function conduct(options: Conduct): Promise<number> {
	const { plan, flags, logging } = options;
	const executionId = randomBytes(4).toString("hex");
	let metrics: MetricsServer | undefined;
	let telemetry: PlanTelemetry | undefined;
	let cluster: Cluster;
	try {
		metrics = flags.metrics && (await MetricsServer.open(flags.metrics, plan.runs.length));
		if (metrics) logging.log.info({ address: formatAddress(metrics.address) }, "serving metrics");
		if (flags.natsUrl !== undefined) {
			const runCount = plan.runs.length;
			telemetry = new PlanTelemetry({ url: flags.natsUrl, executionId, runCount, log: logging.log });
		}
		cluster = await openCluster({
			agents: plan.agents,
			redisUrl: plan.redisUrl,
			listen: flags.listen,
			token: flags.token,
			tls: flags.tls,
			natsUrl: flags.natsUrl,
			logLevel: flags.logLevel,
			logging,
		});
	} catch (error) {
		await metrics?.close();
		await telemetry?.close(EXIT_BAD_INPUT);
		await options.nothing();
		return refuse(error);
	}
	let exitCode = EXIT_FAULT;
	try {
		if (metrics) metrics.ready = true;
		exitCode = await conductOn(cluster, executionId, [metrics, telemetry], options);
		return exitCode;
	} finally {
		await cluster.close("the plan is done");
		await Promise.all([metrics?.close(), telemetry?.close(exitCode)]);
	}
}

/** Looks at the run that goes on. */
interface Onlooker {
	show(run: FleetRun): void;
}

async function conductOn(
	cluster: Cluster,
	executionId: string,
	onlookers: readonly (Onlooker | undefined)[],
	options: Conduct,
): Promise<number> {
	const { plan, flags, logging, view, startedAt } = options;
	const interrupt = new AbortController();
	const onSignal = (signal: NodeJS.Signals) => {
		// The agents notice that the coordinator is gone: they stop, and the lead removes the run's keys.
		if (interrupt.signal.aborted) process.exit(EXIT_SECOND_INTERRUPT);
		process.stderr.write(`\n${signal}: ending the run in order; once more to end at once\n`);
		interrupt.abort(signal);
	};
	process.on("SIGINT", onSignal);
	process.on("SIGTERM", onSignal);
	const collector = new ProfileCollector(plan);
	const meter = new ResourceMeter();
	meter.start();
	try {
		const { runs, failure, breach } = await executePlan({
			plan,
			fleet: cluster.fleet,
			redisUrl: cluster.redisUrl,
			profiling: collector.request && {
				request: collector.request,
				take: (ordinal, agent, chunk) => collector.take(ordinal, agent, chunk),
			},
			executionId,
			joinTimeoutMs: flags.joinTimeoutMs,
			replaceable: flags.listen !== undefined,
			interrupt: interrupt.signal,
			log: logging.log,
			view,
			onTick: (run) => {
				for (const onlooker of onlookers) onlooker?.show(run);
			},
		});
		if (failure) process.stderr.write(`coordinator: ${hidePasswords(failure.message)}\n`);
		if (runs.length === 0) {
			await options.nothing();
			return failure?.exitCode ?? EXIT_ABORTED;
		}
		// Merging hundreds of agents takes seconds, in which none of them would hear a heartbeat.
		await cluster.close("the plan is done");
		const profiles = collector.finish(runs);
		const exitCode = await options.conclude(
			{
				format: RECORD_FORMAT,
				softwareVersion: VERSION,
				planJson: planToJson(plan),
				command: hidePasswords(["coordinator", ...process.argv.slice(2)].join(" ")),
				startedAtUnixMs: startedAt.getTime(),
				// A wall clock that was set meanwhile moves no end before its start.
				finishedAtUnixMs: Math.round(performance.timeOrigin + performance.now()),
				coordinatorHost: describeHost(""),
				coordinator: meter.read(),
				insecure: flags.insecure,
				privateRedis: plan.redisUrl === undefined,
				aborted:
					breach || interrupt.signal.aborted ? `interrupted by ${String(breach ?? interrupt.signal.reason)}` : "",
				failedThreshold: breach?.threshold.text ?? "",
				profiles: profiles.map(({ digest }) => digest),
				runs: [...runs],
			},
			profiles,
		);
		return failure?.exitCode ?? exitCode;
	} finally {
		meter.stop();
		process.off("SIGINT", onSignal);
		process.off("SIGTERM", onSignal);
	}
}

/** Says why nothing was started. @returns the exit code */
export function refuse(error: unknown): number {
	if (!(error instanceof Error)) throw error;
	process.stderr.write(`coordinator: ${hidePasswords(error.message)}\n`);
	return EXIT_BAD_INPUT;
}
