import type { TlsIdentity } from "../proto/tlsFiles.js";
import { type Address, formatAddress } from "./fleet/address.js";
import { makeToken } from "./fleet/credentials.js";
import { Fleet } from "./fleet/fleet.js";
import { type Listener, listen } from "./fleet/listener.js";
import { LocalAgents } from "./fleet/localAgents.js";
import { type PrivateRedis, startPrivateRedis } from "./fleet/privateRedis.js";
import type { CoordinatorLog } from "./log.js";

export interface ClusterOptions {
	readonly agents: number;
	/** undefined: a private, throw-away server. */
	readonly redisUrl: string | undefined;
	/** Where remote agents join; undefined: agents are started on this machine. */
	readonly listen: Address | undefined;
	/** undefined: a fresh one, which only agents started here can know. */
	readonly token: string | undefined;
	/** undefined: plaintext. Agents started here are spoken to in plaintext over loopback. */
	readonly tls: TlsIdentity | undefined;
	/** Where the agents publish telemetry; undefined: nowhere. */
	readonly natsUrl?: string | undefined;
	readonly logLevel: string;
	/** More flags for the agents that are started here. */
	readonly agentFlags?: readonly string[];
	readonly logging: CoordinatorLog;
}

/** Everything that lives as long as a plan is executed: the listener, the fleet, local agents, the private Redis. */
export interface Cluster {
	readonly fleet: Fleet;
	readonly redisUrl: string;
	readonly listening: Address;
	/** Dismisses the agents and ends what was started. May be called twice. */
	close(reason: string): Promise<void>;
}

/** @throws Error with a sentence for the user; nothing is left running then */
export async function openCluster(options: ClusterOptions): Promise<Cluster> {
	const { log, relay } = options.logging;
	const token = options.token ?? makeToken();
	const local = options.listen
		? undefined
		: new LocalAgents(relay, (pid, end) => {
				if (!fleet.members.some(({ hello }) => hello.pid === pid)) fleet.giveUp(end);
			});
	const fleet = new Fleet({
		size: options.agents,
		log,
		natsUrl: options.natsUrl,
		...(local && { explainLoss: ({ pid }) => local.explain(pid) }),
	});
	let listener: Listener | undefined;
	// It starts while the agents do; whoever waits for it hears of its failure.
	const redis: Promise<PrivateRedis | undefined> =
		options.redisUrl === undefined ? startPrivateRedis({}) : Promise.resolve(undefined);
	redis.catch(() => {});
	const close = async (reason: string) => {
		fleet.dismiss(reason);
		await local?.stop();
		await listener?.close();
		const server = await redis.catch(() => undefined);
		await server?.stop();
	};
	try {
		listener = await listen(
			options.listen ?? { host: "127.0.0.1", port: 0 },
			{ token, tls: options.tls },
			(stream, greeted) => fleet.admit(stream, greeted),
			refusalLog(log),
		);
		local?.start(options.agents, listener.address, token, options.logLevel, options.agentFlags);
		const redisUrl = options.redisUrl ?? (await redis)?.url ?? "";
		log.info(
			{ address: formatAddress(listener.address), agents: options.agents, local: local !== undefined },
			"listening",
		);
		return { fleet, redisUrl, listening: listener.address, close };
	} catch (error) {
		await close("the coordinator could not start");
		throw error;
	}
}

/** Whoever dials again and again does not fill the log. */
const REFUSALS_LOGGED = 100;

function refusalLog(log: CoordinatorLog["log"]): (peer: string, reason: string) => void {
	let refusals = 0;
	return (peer, reason) => {
		refusals++;
		if (refusals <= REFUSALS_LOGGED) log.warn({ peer, reason }, "agent refused");
		if (refusals === REFUSALS_LOGGED) log.warn("further streams that are refused are not logged");
	};
}
