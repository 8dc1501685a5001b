import { randomUUID } from "node:crypto";
import { checkServerIdentity } from "node:tls";
import { type ClientDuplexStream, credentials, Metadata } from "@grpc/grpc-js";
import { type AgentMessage, ClusterClient, type CoordinatorMessage } from "../../../proto/gen/cluster.js";
import { Census, Namespace, RedisServer } from "../../../proto/gen/measurement.js";
import { describeHost } from "../../../proto/host.js";
import { tellInTurns } from "../../../proto/inTurns.js";
import { MAX_MESSAGE_BYTES, PROTOCOL_VERSION } from "../../../proto/limits.js";
import { chunkResult } from "../../../proto/result.js";
import { VERSION } from "../../../proto/version.js";
import type { AgentsJob } from "./messages.js";
import { SimulatedLoad } from "./simulatedLoad.js";

/** The agents of a process have this of Redis's clock, as if they had asked it. */
const CLOCK_BOUND_US = 500;

type Body = NonNullable<AgentMessage["body"]>;

/** An agent's side of the protocol, whole, over a stream and a connection of its own; what it does is simulated. */
export class SimulatedAgent {
	readonly #stream: ClientDuplexStream<AgentMessage, CoordinatorMessage>;
	readonly #client: ClusterClient;
	#endTelling: () => void = () => {};
	#load: SimulatedLoad | undefined;
	#ordinal = 0;
	#epochUs = Number.POSITIVE_INFINITY;
	#deltas = 0;
	#snapshots = 0;
	/** Resolves with nothing once dismissed, or with why its stream broke. */
	readonly ended: Promise<string | undefined>;

	constructor(
		private readonly job: AgentsJob,
		index: number,
	) {
		const [ca, cert, key] = [job.tls.ca, job.tls.cert, job.tls.key].map((pem) => Buffer.from(pem));
		const host = job.address.slice(0, job.address.lastIndexOf(":"));
		this.#client = new ClusterClient(
			job.address,
			credentials.createSsl(ca, key, cert, {
				checkServerIdentity: (_, certificate) => checkServerIdentity(host, certificate),
			}),
			{
				"grpc.ssl_target_name_override": "coordinator",
				"grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
				"grpc.enable_retries": 0,
				// Agents are processes: none shares a connection.
				"grpc.use_local_subchannel_pool": 1,
			},
		);
		const metadata = new Metadata();
		metadata.set("authorization", `Bearer ${job.token}`);
		this.#stream = this.#client.join(metadata);
		this.ended = new Promise((resolve) => {
			this.#stream.on("data", (message: CoordinatorMessage) => this.#handle(message, resolve));
			this.#stream.on("error", ({ message }: Error) => this.#end(resolve, `agent ${index}: ${message}`));
			this.#stream.on("end", () => this.#end(resolve, `agent ${index}: the stream ended without a Bye`));
		});
		this.#send({
			$case: "hello",
			value: {
				protocolVersion: PROTOCOL_VERSION,
				agentId: randomUUID(),
				softwareVersion: VERSION,
				wantedIndex: index,
				host: describeHost(job.clockKey),
				pid: process.pid,
				resume: undefined,
			},
		});
	}

	#handle({ body }: CoordinatorMessage, resolve: (reason?: string) => void): void {
		const ordinal = this.#ordinal;
		switch (body?.$case) {
			case "welcome":
				this.#endTelling = tellInTurns(
					body.value,
					() => {
						if (this.#sinceEpochMs >= 0) this.#send({ $case: "snapshot", value: this.#snapshot() });
					},
					() => this.#tellDelta(),
				);
				break;
			case "heartbeat":
				this.#send({ $case: "snapshot", value: this.#snapshot() });
				break;
			case "prepare":
				this.#prepare(body.value);
				break;
			case "arm":
				this.#epochUs = body.value.epochMonotonicUs;
				this.#send({ $case: "armed", value: { ordinal } });
				setTimeout(() => this.#load?.begin(nowUs() - this.#epochUs), Math.max(0, Math.ceil(-this.#sinceEpochMs) + 1));
				break;
			case "stop":
				if (!this.#load) break;
				for (const value of chunkResult(ordinal, this.#load.result())) this.#send({ $case: "result", value });
				break;
			case "conclude":
				this.#send({
					$case: "concluded",
					value: { ordinal, census: Census.create(), keysRemoved: 0, keysLeft: 0 },
				});
				break;
			case "bye":
				this.#end(resolve, undefined);
				break;
			case "committed":
			case undefined:
				break;
		}
	}

	#prepare({ ordinal, slice, lead }: { ordinal: number; slice?: SimulatedSlice | undefined; lead: boolean }): void {
		this.#ordinal = ordinal;
		if (slice) this.#load = new SimulatedLoad(slice, this.job.loadMs, () => 1 - Math.random());
		const clock = {
			offsetUs: Date.now() * 1_000 - nowUs(),
			boundUs: CLOCK_BOUND_US,
			monotonicNowUs: nowUs(),
			worstRoundTripUs: CLOCK_BOUND_US,
			samples: 1,
		};
		const namespace = lead ? Namespace.create() : undefined;
		const redis = lead ? RedisServer.create({ serverName: "redis", version: "7.0.0" }) : undefined;
		this.#send({ $case: "ready", value: { ordinal, clock, namespace, redis } });
	}

	#tellDelta(): void {
		if (!this.#load || this.#sinceEpochMs < 0) return;
		this.#load.advance(this.#sinceEpochMs);
		const value = { ordinal: this.#ordinal, sequence: ++this.#deltas, measurements: this.#load.delta() };
		this.#send({ $case: "delta", value });
	}

	get #sinceEpochMs(): number {
		return (nowUs() - this.#epochUs) / 1_000;
	}

	#snapshot(): Extract<Body, { $case: "snapshot" }>["value"] {
		if (this.#sinceEpochMs >= 0) this.#load?.advance(this.#sinceEpochMs);
		return {
			ordinal: this.#ordinal,
			sequence: ++this.#snapshots,
			totals: this.#load?.totals,
			inFlight: 0,
			sendingDone: this.#load?.over ?? false,
			backlog: -1,
			monotonicNowUs: nowUs(),
		};
	}

	#send(body: Body): void {
		if (this.#stream.writable) this.#stream.write({ body });
	}

	#end(resolve: (reason?: string) => void, reason: string | undefined): void {
		this.#endTelling();
		this.#stream.end();
		this.#client.close();
		resolve(reason);
	}
}

type SimulatedSlice = ConstructorParameters<typeof SimulatedLoad>[0];

/** The monotonic clock, the same in all processes of a machine. */
function nowUs(): number {
	return Number(process.hrtime.bigint()) / 1_000;
}
