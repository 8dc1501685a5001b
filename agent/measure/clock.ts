import { readFileSync } from "node:fs";
import { hostname, networkInterfaces } from "node:os";

const CALIBRATION_ROUNDS = 16;

/** performance.now() counts from the process's start; this is that start on the host's monotonic clock. */
const baseUs = calibrate();

/**
 * The host's monotonic clock in microseconds. Processes with the same `clockKey` read the same clock, so that their readings
 * compare directly. It never jumps, and says nothing about the time of day.
 */
export function nowUs(): number {
	return baseUs + performance.now() * 1_000;
}

/** Both clocks tick alike; the shortest of some readings of one between two of the other tells their distance best. */
function calibrate(): number {
	let narrowestUs = Number.POSITIVE_INFINITY;
	let base = 0;
	for (let round = 0; round < CALIBRATION_ROUNDS; round++) {
		const before = process.hrtime.bigint();
		const sinceStartUs = performance.now() * 1_000;
		const after = process.hrtime.bigint();
		const widthUs = Number(after - before) / 1_000;
		if (widthUs >= narrowestUs) continue;
		narrowestUs = widthUs;
		base = Number(before) / 1_000 + widthUs / 2 - sinceStartUs;
	}
	return base;
}

/**
 * Names the monotonic clock that this process reads: the kernel's boot ID and the offsets of the process's time namespace.
 * Where the kernel does not tell (not Linux), the host's name and its network addresses stand for it.
 */
export function clockKey(): string {
	const bootId = readLine("/proc/sys/kernel/random/boot_id");
	if (bootId === "") return `host:${hostname()}/${hardwareAddresses().join(",")}`;
	// A kernel without time namespaces has no such file, and no offsets.
	const offsets = readLine("/proc/self/timens_offsets") || "monotonic 0 0 boottime 0 0";
	return `boot:${bootId}/${offsets}`;
}

function readLine(path: string): string {
	try {
		return readFileSync(path, "utf8").trim().replace(/\s+/g, " ");
	} catch {
		return "";
	}
}

function hardwareAddresses(): string[] {
	const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
	return [...new Set(addresses.filter(({ internal }) => !internal).map(({ mac }) => mac))].sort();
}
