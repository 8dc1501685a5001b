import type { Report, ReportRun } from "./schema.js";

/** Of the busiest host's cores: the CPU of its agents, and of a private Redis, which runs beside the coordinator. */
export function hostBusy(run: ReportRun, { hosts, redis }: Report["environment"]): number | null {
	const shares = hosts
		.filter(({ cpus }) => cpus > 0)
		.map(({ hostname, cpus, coordinator }) => {
			const agents = run.perAgent.filter((agent) => agent.hostname === hostname);
			const cores = agents.reduce((sum, { cpuShare }) => sum + cpuShare, 0);
			return (cores + (coordinator && redis?.private ? (run.redis.busyShare ?? 0) : 0)) / cpus;
		});
	return shares.length > 0 ? Math.max(...shares) : null;
}
