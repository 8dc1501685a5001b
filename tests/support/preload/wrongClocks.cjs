// Loaded into a program before it begins (`--require`, so that its threads have it too): makes the clocks that it reads wrong.
const { readFileSync } = require("node:fs");

const { SPOOLTEST_MONOTONIC, SPOOLTEST_WALL_FILE } = process.env;

// "shift in ns, drift in ppm, the kernel's time in ns at which the drift is 0": see monotonicAs.
if (SPOOLTEST_MONOTONIC) {
	const [shiftNs, driftPpm, fromNs] = SPOOLTEST_MONOTONIC.split(",");
	const drift = Number(driftPpm) / 1e6;
	const kernelNs = process.hrtime.bigint.bind(process.hrtime);
	const sinceStartMs = performance.now.bind(performance);
	process.hrtime.bigint = () => {
		const ns = kernelNs();
		return ns + BigInt(shiftNs) + BigInt(Math.round(Number(ns - BigInt(fromNs)) * drift));
	};
	performance.now = () => sinceStartMs() * (1 + drift);
}

// A file with the milliseconds by which the time of day is wrong; whoever writes it sets the clock.
if (SPOOLTEST_WALL_FILE) {
	const trueMs = Date.now;
	const wrongMs = () => trueMs() + Number(readFileSync(SPOOLTEST_WALL_FILE, "utf8"));
	globalThis.Date = class extends Date {
		constructor(...parts) {
			super(...(parts.length === 0 ? [wrongMs()] : parts));
		}
		static now() {
			return wrongMs();
		}
	};
}
