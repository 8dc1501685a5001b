// Loaded into an agent before it begins (`--import`): keeps what it makes of each task that another host sent, as it is
// recorded, and writes it to a file when it ends.
import { writeFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";

const { SPOOLTEST_CROSSINGS } = process.env;

if (isMainThread && SPOOLTEST_CROSSINGS) {
	const { CrossHostLog } = await import("../../../dist/agent/measure/crossHostLog.js");
	const own = Object.getOwnPropertyDescriptors(CrossHostLog.prototype);
	const crossings = [];
	let last;
	CrossHostLog.prototype.correctionUs = function (stamp, atUs) {
		const us = own.correctionUs.value.call(this, stamp, atUs);
		last = { fromHost: stamp.hostIndex, intendedAtUs: stamp.intendedAtUs, completedAtUs: atUs, correctionUs: us };
		return us;
	};
	CrossHostLog.prototype.record = function (stamp, responseUs) {
		own.record.value.call(this, stamp, responseUs);
		if (stamp.hostIndex !== this.clock.hostIndex) crossings.push({ ...last, responseUs });
	};
	process.once("exit", () => writeFileSync(SPOOLTEST_CROSSINGS, JSON.stringify(crossings)));
}
