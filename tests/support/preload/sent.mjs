// Loaded into an agent before it begins (`--import`): keeps when each task that it sends was meant to be sent, and writes it to
// a file when it ends: µs since the epoch, in the order of their sending.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { isMainThread } from "node:worker_threads";

const { SPOOLTEST_SENT_FOLDER } = process.env;

if (isMainThread && process.argv[1]?.endsWith("/agent/main.js")) {
	const { Recorder } = await import("../../../dist/agent/measure/recorder.js");
	const { begun } = Object.getOwnPropertyDescriptors(Recorder.prototype);
	let recorder;
	let byProducer = new Map();
	Recorder.prototype.begun = function (producer, sequence, intendedAtUs, ...rest) {
		begun.value.call(this, producer, sequence, intendedAtUs, ...rest);
		// The code is warmed up with another recorder before.
		if (recorder !== this) byProducer = new Map();
		recorder = this;
		const sent = byProducer.get(producer) ?? [];
		byProducer.set(producer, sent);
		sent.push(intendedAtUs - this.epochUs);
	};
	process.once("exit", () => {
		for (const [producer, sent] of byProducer) {
			writeFileSync(join(SPOOLTEST_SENT_FOLDER, `${producer}.json`), JSON.stringify(sent));
		}
	});
}
