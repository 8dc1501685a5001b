import { type EventLoopUtilization, type IntervalHistogram, monitorEventLoopDelay, performance } from "node:perf_hooks";
import { getHeapStatistics } from "node:v8";
import { cpuQuotaFiles, readCpuThrottling } from "./cgroup.js";
import { type CpuThrottling, Resources } from "./gen/measurement.js";

const SAMPLE_INTERVAL_MS = 200;
const LOOP_DELAY_RESOLUTION_MS = 10;

/** What this process uses from `start` on: CPU, memory, and how busy and how late its event loop is. */
export class ResourceMeter {
	readonly #loopDelay: IntervalHistogram = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS });
	#timer: NodeJS.Timeout | undefined;
	#startedAtMs = 0;
	#cpu: NodeJS.CpuUsage | undefined;
	#utilization: EventLoopUtilization | undefined;
	#sendingUtilization: number | undefined;
	#allocatedBytes = 0;
	#rssStartBytes = 0;
	#peakRssBytes = 0;
	#peakHeapBytes = 0;
	readonly #quotaFiles = cpuQuotaFiles();
	#throttling: CpuThrottling | undefined;
	#final: Resources | undefined;

	start(): void {
		this.#startedAtMs = performance.now();
		this.#cpu = process.cpuUsage();
		this.#utilization = performance.eventLoopUtilization();
		this.#allocatedBytes = totalAllocatedBytes();
		this.#rssStartBytes = process.memoryUsage.rss();
		this.#loopDelay.enable();
		this.#throttling = this.#quotaFiles && readCpuThrottling(this.#quotaFiles);
		this.sample();
		this.#timer = setInterval(() => this.sample(), SAMPLE_INTERVAL_MS);
		this.#timer.unref();
	}

	/** Looks at the memory, for its peaks; happens by itself each 200 ms. */
	sample(): void {
		const { rss, heapUsed } = process.memoryUsage();
		this.#peakRssBytes = Math.max(this.#peakRssBytes, rss);
		this.#peakHeapBytes = Math.max(this.#peakHeapBytes, heapUsed);
	}

	/** What drains from now on says nothing of how busy sending kept the event loop. May be called twice. */
	sendingEnded(): void {
		if (this.#utilization && !this.#final) this.#sendingUtilization ??= this.#busyShare(this.#utilization);
	}

	/** Since `start`, until now or `stop`. `maxInFlight` and `maxUnacknowledged` are 0: the process does not know them. */
	read(): Resources {
		if (this.#final) return { ...this.#final };
		if (!this.#cpu || !this.#utilization) return Resources.create({ allocatedBytes: -1 });
		this.sample();
		const cpu = process.cpuUsage(this.#cpu);
		const loopUtilization = this.#busyShare(this.#utilization);
		const allocatedBytes = totalAllocatedBytes();
		return {
			wallUs: (performance.now() - this.#startedAtMs) * 1_000,
			cpuUserUs: cpu.user,
			cpuSystemUs: cpu.system,
			peakRssBytes: this.#peakRssBytes,
			rssStartBytes: this.#rssStartBytes,
			rssEndBytes: process.memoryUsage.rss(),
			peakHeapBytes: this.#peakHeapBytes,
			allocatedBytes: allocatedBytes < 0 ? -1 : allocatedBytes - this.#allocatedBytes,
			loopDelayP50Us: this.#delayUs(this.#loopDelay.percentile(50)),
			loopDelayP99Us: this.#delayUs(this.#loopDelay.percentile(99)),
			loopDelayMaxUs: this.#delayUs(this.#loopDelay.max),
			loopUtilization,
			sendingLoopUtilization: this.#sendingUtilization ?? loopUtilization,
			maxInFlight: 0,
			maxUnacknowledged: 0,
			throttling: this.#throttled(),
		};
	}

	/** Ends the measurement; `read` tells the same from then on. May be called twice, and before `start`. */
	stop(): void {
		if (!this.#timer || this.#final) return;
		this.#final = this.read();
		clearInterval(this.#timer);
		this.#loopDelay.disable();
	}

	#busyShare(since: EventLoopUtilization): number {
		return performance.eventLoopUtilization(since).utilization;
	}

	#throttled(): CpuThrottling | undefined {
		const [before, now] = [this.#throttling, this.#quotaFiles && readCpuThrottling(this.#quotaFiles)];
		if (!before || !now) return undefined;
		return {
			quotaCpus: now.quotaCpus,
			periods: now.periods - before.periods,
			throttledPeriods: now.throttledPeriods - before.throttledPeriods,
			throttledUs: now.throttledUs - before.throttledUs,
		};
	}

	/** The monitor's timer fires each 10 ms at the best: what is above that is delay. */
	#delayUs(intervalNs: number): number {
		const { count } = this.#loopDelay;
		return count === 0 ? 0 : Math.max(0, intervalNs / 1_000 - LOOP_DELAY_RESOLUTION_MS * 1_000);
	}
}

/** Bytes allocated on the JavaScript heap since the process began; -1 where this version of Node does not tell. */
function totalAllocatedBytes(): number {
	const statistics: object = getHeapStatistics();
	const bytes = "total_allocated_bytes" in statistics ? statistics.total_allocated_bytes : undefined;
	return typeof bytes === "number" ? bytes : -1;
}
