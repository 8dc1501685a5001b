import type { AgentsJob, FromAgents } from "./messages.js";
import { SimulatedAgent } from "./simulatedAgent.js";

/** A process of simulated agents, which all dial as soon as they are told where. */
process.once("message", (job: AgentsJob) => {
	const agents = Array.from({ length: job.count }, (_, each) => new SimulatedAgent(job, job.first + each));
	void Promise.all(agents.map(({ ended }) => ended)).then((endings) => {
		for (const reason of endings) if (reason !== undefined) process.stderr.write(`${reason}\n`);
		process.disconnect();
	});
});
process.send?.({ kind: "loaded" } satisfies FromAgents);
