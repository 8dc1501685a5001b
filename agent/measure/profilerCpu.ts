import { promisify } from "node:util";
import { gzip } from "node:zlib";
import * as pprof from "@datadog/pprof";
import { Line, Location, Function as PprofFunction, Profile, Sample } from "pprof-format";
import { nowUs } from "./clock.js";
import type { ProfileWindow, Sampling } from "./profiler.js";
import { MAPPED_FOLDERS, sourceName } from "./profilerSources.js";

const compress = promisify(gzip);

/** The profiler keeps the times of samples of so long; parts are shorter. */
const KEPT_MS = 120_000;
const OUTSIDE = "outside";
const OTHER_THREADS = pprof.time.constants.NON_JS_THREADS_FUNCTION_NAME;
const [COUNT, CPU] = [0, 2] as const;

/** Samples the main thread's stack with its wall and CPU time; idle time and native code of Node's own are in it too. */
export async function openCpuSampling(intervalMicros: number): Promise<Sampling> {
	const sourceMapper = await pprof.SourceMapper.create([...MAPPED_FOLDERS]);
	let cpuAtStart = process.cpuUsage();
	let startedUs = 0;
	let unixAheadUs = 0;
	const begun = () => {
		cpuAtStart = process.cpuUsage();
		startedUs = nowUs();
		unixAheadUs = Date.now() * 1_000 - startedUs;
	};
	return {
		start() {
			begun();
			pprof.time.start({
				intervalMicros,
				durationMillis: KEPT_MS,
				withContexts: true,
				collectCpuTime: true,
				sourceMapper,
			});
		},
		async take(restart, window) {
			const used = process.cpuUsage(cpuAtStart);
			const { fromUs, toUs } = clipped(window, startedUs, nowUs());
			const low = fromUs + unixAheadUs;
			const high = toUs + unixAheadUs;
			const taken = pprof.time.stop(restart, ({ context }) => {
				// The threads beside the main one have no times, and no part in the window's edges to speak of.
				const atUs = Number(context?.timestamp ?? 0);
				return atUs !== 0 && (atUs < low || atUs > high) ? { [OUTSIDE]: 1 } : { [OUTSIDE]: 0 };
			});
			if (restart) begun();
			// The profiler's own copy of the format is another class.
			const profile = Profile.decode(taken.encode());
			complete(profile, (toUs - fromUs) * 1_000, (used.user + used.system) * 1_000);
			return compress(profile.encode());
		},
		stop() {
			if (pprof.time.isStarted()) pprof.time.stop();
		},
	};
}

function clipped(window: ProfileWindow, startedUs: number, endUs: number): { fromUs: number; toUs: number } {
	const fromUs = Math.max(window.fromUs, startedUs);
	return { fromUs, toUs: Math.max(fromUs, Math.min(window.toUs ?? endUs, endUs)) };
}

/**
 * Leaves out what is outside the window, gives `(idle)` its wall time, and adds `(program)`, native code outside of any
 * JavaScript function, which the profiler drops. The profiler gives a sample the CPU time since the sample before, so that a
 * burst that is over by then would count as `(idle)`: the thread's CPU time, which is exact, is shared out instead over the
 * samples that were not idle, as on-CPU profilers do.
 */
function complete(profile: Profile, durationNs: number, processCpuNs: number): void {
	const { strings } = profile.stringTable;
	const functions = new Map(profile.function.map((each) => [each.id, each]));
	const locations = new Map(profile.location.map((each) => [each.id, each]));
	const nameOf = ({ locationId: [innermost = 0] }: Sample) =>
		strings[Number(functions.get(locations.get(innermost)?.line[0]?.functionId ?? 0)?.name ?? 0)];
	const isOutside = ({ label }: Sample) => label.some(({ key, num }) => num === 1 && strings[Number(key)] === OUTSIDE);
	const sum = (samples: readonly Sample[], value: number) =>
		samples.reduce((total, sample) => total + Number(sample.value[value] ?? 0), 0);

	const programCpuNs = Math.max(0, processCpuNs - sum(profile.sample, CPU));
	profile.sample = profile.sample.filter((sample) => !isOutside(sample));
	const onThread = profile.sample.filter((sample) => nameOf(sample) !== OTHER_THREADS);
	const idle = onThread.filter((sample) => nameOf(sample) === "(idle)");
	// A busy machine delays samples, which then come close together: their times must not add up to more than there was.
	const periodNs = Math.min(Number(profile.period), durationNs / Math.max(1, sum(onThread, COUNT)));
	const programWallNs = Math.max(0, durationNs - sum(onThread, COUNT) * periodNs);
	const programSamples = periodNs > 0 ? programWallNs / periodNs : 0;
	const threadCpuNs = programCpuNs + sum(onThread, CPU);
	const busySamples = sum(onThread, COUNT) - sum(idle, COUNT) + programSamples;
	const cpuNs = (samples: number) => (busySamples > 0 ? Math.round((threadCpuNs * samples) / busySamples) : 0);
	for (const sample of onThread) {
		const count = Number(sample.value[COUNT]);
		sample.value = [count, Math.round(count * periodNs), cpuNs(count)];
	}
	for (const sample of idle) sample.value[CPU] = 0;
	for (const sample of profile.sample) sample.label = [];
	addSample(profile, "(program)", [Math.round(programSamples), Math.round(programWallNs), cpuNs(programSamples)]);
	for (const each of profile.function) {
		each.filename = profile.stringTable.dedup(sourceName(strings[Number(each.filename)] ?? ""));
	}
	profile.durationNanos = Math.round(durationNs);
	profile.defaultSampleType = profile.stringTable.dedup("cpu");
}

function addSample(profile: Profile, name: string, value: number[]): void {
	const id = profile.location.length + 1;
	const functionId = profile.function.length + 1;
	const nameId = profile.stringTable.dedup(name);
	profile.function.push(new PprofFunction({ id: functionId, name: nameId, systemName: nameId }));
	profile.location.push(new Location({ id, line: [new Line({ functionId })] }));
	profile.sample.push(new Sample({ locationId: [id], value }));
}
