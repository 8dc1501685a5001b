import { availableParallelism, cpus, hostname, release, totalmem, type } from "node:os";
import type { Host } from "./gen/measurement.js";

/**
 * Describes the machine this process runs on.
 *
 * @param clockKey names the monotonic clock that the process reads; "" where it reads none for the run
 */
export function describeHost(clockKey: string): Host {
	return {
		hostname: hostname(),
		clockKey,
		cpus: availableParallelism(),
		memoryBytes: totalmem(),
		cpuModel: cpus()[0]?.model.trim() ?? "unknown",
		kernel: `${type()} ${release()}`,
		nodeVersion: process.version,
	};
}
