import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type Address, formatAddress } from "../fleet/address.js";
import type { FleetRun } from "../fleetRun.js";
import { EXPOSITION_TYPE, formatExposition, type MetricFamily } from "./exposition.js";
import { runMetrics } from "./runMetrics.js";

/** For whoever scrapes each second, and no more often: a fleet's histograms are merged once a second at the most. */
const LEAST_AGE_MS = 1_000;
/** Nothing is read from a request but its first lines. */
const REQUEST_TIMEOUT_MS = 5_000;
const MOST_HEADER_BYTES = 8_192;

/**
 * The coordinator's HTTP port: `GET /metrics` tells the run that goes on in Prometheus' text format, `GET /ready` whether
 * agents can join (200, else 503). It takes no commands.
 */
export class MetricsServer {
	ready = false;
	#run: FleetRun | undefined;
	#made: { readonly atMs: number; readonly run: FleetRun | undefined; readonly text: string } | undefined;
	readonly #server = createServer(
		{ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS, maxHeaderSize: MOST_HEADER_BYTES },
		({ method = "", url = "" }, response) => this.#answer(method, url.replace(/\?.*$/, ""), response),
	);

	private constructor(private readonly runCount: number) {}

	/** @throws Error with a sentence for the user when the port cannot be had */
	static async open(address: Address, runCount: number): Promise<MetricsServer> {
		const metrics = new MetricsServer(runCount);
		metrics.#server.listen(address.port, address.host);
		try {
			await once(metrics.#server, "listening");
		} catch (error) {
			throw new Error(`cannot serve metrics on ${formatAddress(address)}: ${(error as Error).message}`, {
				cause: error,
			});
		}
		return metrics;
	}

	/** Where it listens: the port is the real one where 0 was asked for. */
	get address(): Address {
		const { address, port } = this.#server.address() as AddressInfo;
		return { host: address, port };
	}

	/** From now on this run is the one that is told of. */
	show(run: FleetRun): void {
		this.#run = run;
	}

	async close(): Promise<void> {
		this.#server.close();
		this.#server.closeAllConnections();
		await once(this.#server, "close");
	}

	#answer(method: string, path: string, response: ServerResponse): void {
		const say = (status: number, type: string, text: string) => {
			response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(text) });
			response.end(method === "HEAD" ? undefined : text);
		};
		const plain = "text/plain; charset=utf-8";
		if (method !== "GET" && method !== "HEAD") say(405, plain, "GET only\n");
		else if (path === "/metrics") say(200, EXPOSITION_TYPE, this.#metrics());
		else if (path === "/ready") say(this.ready ? 200 : 503, plain, this.ready ? "ready\n" : "not listening yet\n");
		else say(404, plain, "there are /metrics and /ready\n");
	}

	#metrics(): string {
		const nowMs = performance.now();
		const run = this.#run;
		if (!this.#made || this.#made.run !== run || nowMs - this.#made.atMs >= LEAST_AGE_MS) {
			const families = [...(run ? runMetrics(run, this.runCount) : []), ...processMetrics()];
			this.#made = { atMs: nowMs, run, text: formatExposition(families) };
		}
		return this.#made.text;
	}
}

/** The coordinator's own, by the names that Prometheus' clients share. */
function processMetrics(): MetricFamily[] {
	const { user, system } = process.cpuUsage();
	return [
		{
			name: "process_cpu_seconds_total",
			kind: "counter",
			help: "CPU time of the coordinator.",
			samples: [{ labels: {}, value: (user + system) / 1e6 }],
		},
		{
			name: "process_resident_memory_bytes",
			kind: "gauge",
			help: "Resident memory of the coordinator.",
			samples: [{ labels: {}, value: process.memoryUsage.rss() }],
		},
	];
}
