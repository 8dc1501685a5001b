// Loaded into an agent before it begins (`--import`): makes it slow when it is armed, and when it is stopped.
import { isMainThread } from "node:worker_threads";

// "index of the agent:how many ms it stands still when it is armed", or "index:stop": until somebody wakes it.
const { SPOOLTEST_ARMED_SLOWLY } = process.env;
// "index of the agent:by how many ms it hears too late that it is to stop".
const { SPOOLTEST_STOPPED_LATE } = process.env;

if (isMainThread && process.argv[1]?.endsWith("/agent/main.js")) {
	const { Runner } = await import("../../../dist/agent/runner.js");
	const own = Object.getOwnPropertyDescriptors(Runner.prototype);
	const ofAgent = (runner, setting = "") => {
		const [index, value] = setting.split(":");
		return index === String(runner.work.slice.agentIndex) ? value : undefined;
	};
	Runner.prototype.arm = function (arm) {
		const still = ofAgent(this, SPOOLTEST_ARMED_SLOWLY);
		if (still === "stop") process.kill(process.pid, "SIGSTOP");
		else if (still) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(still));
		own.arm.value.call(this, arm);
	};
	Runner.prototype.stop = function (scope) {
		setTimeout(() => own.stop.value.call(this, scope), Number(ofAgent(this, SPOOLTEST_STOPPED_LATE) ?? 0));
	};
}
