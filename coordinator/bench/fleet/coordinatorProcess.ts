import { randomInt } from "node:crypto";
import { once } from "node:events";
import { pino } from "pino";
import { Record, RunEnd } from "../../../proto/gen/record.js";
import { ResourceMeter } from "../../../proto/resources.js";
import { VERSION } from "../../../proto/version.js";
import { makeRunCertificates } from "../../fleet/certificates.js";
import { makeToken } from "../../fleet/credentials.js";
import { Fleet, type FleetListener } from "../../fleet/fleet.js";
import { listen } from "../../fleet/listener.js";
import { FleetRun } from "../../fleetRun.js";
import { LiveView } from "../../liveView.js";
import { mergeRun } from "../../merge/merge.js";
import { partition } from "../../plan/partition.js";
import type { Plan } from "../../plan/plan.js";
import { planToJson } from "../../plan/planJson.js";
import { resolvePlan } from "../../plan/resolve.js";
import { buildReport } from "../../report/build.js";
import { renderHtml } from "../../report/html/page.js";
import { renderJson } from "../../report/json.js";
import { renderSummary } from "../../report/summary.js";
import { encodeRecord, RECORD_FORMAT } from "../../results/recordFile.js";
import type { CoordinatorJob, FleetFigures, FromCoordinator, ToCoordinator } from "./messages.js";

const JOIN_TIMEOUT_MS = 120_000;
const LOOPBACK = "127.0.0.1";

/** The roster, with a stopwatch at each delta. */
class TimedFleet extends Fleet {
	readonly deltaMs: number[] = [];
	lost = 0;

	override attend(listener: FleetListener | undefined): void {
		super.attend(listener && this.#timed(listener));
	}

	#timed(listener: FleetListener): FleetListener {
		return {
			joined: (member) => listener.joined(member),
			givenUp: () => listener.givenUp(),
			lost: (member, reason, ended) => {
				this.lost++;
				process.stderr.write(`agent ${member.index} was lost: ${reason}\n`);
				listener.lost(member, reason, ended);
			},
			returning: (hello) => listener.returning(hello),
			message: (member, message) => {
				const beganMs = performance.now();
				listener.message(member, message);
				if (message.body?.$case === "delta") this.deltaMs.push(performance.now() - beganMs);
			},
		};
	}
}

/** Executes one run over a fleet that dials from elsewhere, by the coordinator's own code, and takes its times. */
async function host(job: CoordinatorJob): Promise<void> {
	const plan = planFor(job);
	const [spec] = plan.runs;
	if (!spec) throw new Error("a plan without a run");
	const certificates = await makeRunCertificates([LOOPBACK], Date.now());
	const token = makeToken();
	const pem = (text: string) => Buffer.from(text);
	const { cert, key } = certificates.coordinator;
	const fleet = new TimedFleet({ size: job.agents, log: pino({ level: "silent" }) });
	const listener = await listen(
		{ host: LOOPBACK, port: 0 },
		{ token, tls: { ca: pem(certificates.ca), cert: pem(cert), key: pem(key) } },
		(stream, greeted) => fleet.admit(stream, greeted),
	);
	const address = `${LOOPBACK}:${listener.address.port}`;
	const dialled = once(process, "message");
	tell({ kind: "listening", invitation: { address, token, tls: { ca: certificates.ca, ...certificates.agent } } });
	await dialled;

	const meter = new ResourceMeter();
	meter.start();
	const at = { dialled: performance.now(), joined: 0, armed: 0, stopped: 0, collected: 0, recorded: 0, reported: 0 };
	const view = new LiveView(1, true);
	const slices = partition(spec, {
		runId: "bench-0",
		runTag: randomInt(2 ** 32),
		target: { url: "redis://127.0.0.1:6379", keyPrefix: plan.keyPrefix },
	});
	const run = new FleetRun({
		fleet,
		spec,
		ordinal: 0,
		runId: "bench-0",
		slices,
		purge: false,
		profiling: undefined,
		joinTimeoutMs: JOIN_TIMEOUT_MS,
		replaceable: true,
		interrupt: new AbortController().signal,
		log: pino({ level: "silent" }),
		onTick: (ticking) => {
			view.update(ticking);
			const nowMs = performance.now();
			if (at.joined === 0 && fleet.assembled) at.joined = nowMs;
			if (at.armed === 0 && ticking.participants.every(({ armed }) => armed)) at.armed = nowMs;
			if (at.stopped === 0 && ticking.phase === "collecting") at.stopped = nowMs;
			if (at.collected === 0 && ticking.phase === "cleaning") at.collected = nowMs;
		},
	});
	const runRecord = await run.execute();
	at.collected ||= performance.now();
	fleet.dismiss("the bench is over");
	await listener.close();
	at.recorded = performance.now();
	const record = Record.create({
		format: RECORD_FORMAT,
		softwareVersion: VERSION,
		planJson: planToJson(plan),
		coordinator: meter.read(),
		runs: [runRecord],
	});
	const merged = record.runs.map(mergeRun);
	const report = buildReport(record, merged);
	for (const render of [renderJson, renderSummary, renderHtml]) render(report);
	const { length: resultBytes } = await encodeRecord(record);
	at.reported = performance.now();
	meter.stop();
	const used = meter.read();
	if (runRecord.end !== RunEnd.DRAINED) process.stderr.write(`the run did not end in order: ${runRecord.endReason}\n`);
	const figures: FleetFigures = {
		agents: job.agents,
		lost: fleet.lost,
		joinedMs: at.joined - at.dialled,
		armedMs: at.armed - at.dialled,
		startSkewMs: startSkewMs(merged[0]),
		deltas: fleet.deltaMs.length,
		deltaMeanMs: fleet.deltaMs.reduce((sum, ms) => sum + ms, 0) / Math.max(1, fleet.deltaMs.length),
		deltaMaxMs: fleet.deltaMs.reduce((most, ms) => Math.max(most, ms), 0),
		collectedMs: at.collected - at.stopped,
		reportedMs: at.reported - at.recorded,
		resultBytes,
		cpuShare: (used.cpuUserUs + used.cpuSystemUs) / used.wallUs,
		peakRssBytes: process.resourceUsage().maxRSS * 1_024,
		longestStallMs: used.loopDelayMaxUs / 1_000,
		completed: merged[0]?.counters.completed ?? 0,
		expected: job.agents * job.tasksPerAgent,
	};
	tell({ kind: "measured", figures });
	process.disconnect();
}

function planFor({ agents, tasksPerAgent }: CoordinatorJob): Plan {
	const each = String(agents);
	const flags = { agents: each, workers: each, producers: each, tasks: String(agents * tasksPerAgent) };
	const resolution = resolvePlan({ flags, environment: {} });
	if (!resolution.ok) throw new Error(`the bench's own plan was refused: ${JSON.stringify(resolution.problems)}`);
	return resolution.plan;
}

function startSkewMs(run: ReturnType<typeof mergeRun> | undefined): number {
	const starts = run?.agents.map(({ span }) => span.startLatenessUs) ?? [];
	return starts.length === 0 ? Number.NaN : (Math.max(...starts) - Math.min(...starts)) / 1_000;
}

function tell(message: FromCoordinator): void {
	process.send?.(message);
}

process.once("message", (message: ToCoordinator) => {
	if (message.kind !== "host") throw new Error("the first message must be a job");
	void host(message.job);
});
