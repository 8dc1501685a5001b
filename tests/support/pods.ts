import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ISecret, IService } from "kubernetes-models/v1";
import { findRedisServer } from "../../coordinator/fleet/findRedis.js";
import { freePort } from "./freePort.js";
import { mountedFiles, type Pod } from "./manifestRules.js";
import type { Manifest } from "./manifests.js";
import { ROOT } from "./sandbox.js";

/** A pod as a local process: its command, arguments, environment, mounted files and ports are those of its manifest. */
export interface RunningPod {
	readonly process: ChildProcess;
	/** Stands for the container's root. */
	readonly folder: string;
	output(): string;
	/** Its exit code; null where a signal ended it. */
	readonly exited: Promise<number | null>;
}

/** Stands in for cluster DNS: the names of services lead to this machine. */
const RESOLVER = `
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
for (const api of [dns, dns.promises]) {
	const { lookup } = api;
	api.lookup = (host, ...rest) => lookup.call(api, host.startsWith("spool-bench-") ? "127.0.0.1" : host, ...rest);
}
syncBuiltinESMExports();
`;

/** What a kubelet and cluster DNS would do for the pods of one set of manifests, here. */
export class LocalCluster {
	/** Ports of this machine, by those of the containers: each belongs to one service. */
	readonly #ports = new Map<number, number>();
	readonly #pods: RunningPod[] = [];
	readonly #resolver: string;

	private constructor(
		private readonly manifests: readonly Manifest[],
		private readonly folder: string,
	) {
		this.#resolver = join(folder, "resolver.mjs");
		writeFileSync(this.#resolver, RESOLVER);
	}

	static async of(manifests: readonly Manifest[], folder: string): Promise<LocalCluster> {
		const cluster = new LocalCluster(manifests, folder);
		const services = manifests.filter(({ kind }) => kind === "Service") as unknown as IService[];
		for (const { spec } of services)
			for (const { port } of spec?.ports ?? []) cluster.#ports.set(port, await freePort());
		return cluster;
	}

	/** @throws Error where no service has this port */
	port(port: number): number {
		const local = this.#ports.get(port);
		if (local === undefined) throw new Error(`no service has port ${port}`);
		return local;
	}

	start(pod: Pod, index = 0): RunningPod {
		const { container } = pod;
		const folder = join(this.folder, `${pod.role}-${index}`);
		for (const { mountPath } of container.volumeMounts ?? []) mkdirSync(join(folder, mountPath), { recursive: true });
		for (const [path, text] of mountedFiles(pod, this.manifests)) {
			mkdirSync(dirname(join(folder, path)), { recursive: true });
			writeFileSync(join(folder, path), this.#localPorts(text), { mode: 0o440 });
		}
		mkdirSync(join(folder, "dev"), { recursive: true });
		const env = this.#environment(pod, index);
		const words = [...(container.command ?? []), ...(container.args ?? [])].map((word) => {
			const expanded = word.replace(/\$\((\w+)\)/g, (_, name: string) => env[name] ?? "");
			return this.#localPorts(expanded).replace(/(^|=)(\/(?:etc|results|dev|data)(?:\/|$))/, `$1${folder}$2`);
		});
		const [program = "", ...args] = words.map((word) => word.replace(/^\/app\//, `${ROOT}/`));
		const child = spawn(programs(program), [...args, ...(pod.role === "redis" ? this.#redisPort() : [])], {
			cwd: folder,
			env: { ...env, PATH: process.env.PATH, TMPDIR: folder },
			stdio: ["ignore", "pipe", "pipe"],
		});
		const chunks: Buffer[] = [];
		for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
		const exited = once(child, "close").then(([code]) => code as number | null);
		const running = { process: child, folder, exited, output: () => Buffer.concat(chunks).toString() };
		this.#pods.push(running);
		return running;
	}

	/** Whether something takes connections where a service's port leads. */
	async accepts(port: number): Promise<boolean> {
		const socket = connect(this.port(port), "127.0.0.1");
		try {
			await once(socket, "connect");
			return true;
		} catch {
			return false;
		} finally {
			socket.destroy();
		}
	}

	async stop(): Promise<void> {
		for (const { process: child } of this.#pods) child.kill("SIGKILL");
		await Promise.all(this.#pods.map(({ exited }) => exited));
	}

	#redisPort(): string[] {
		return ["--bind", "127.0.0.1", "--port", String(this.port(6379))];
	}

	/** With what the downward API and the Secrets say in it. */
	#environment({ container, job, labels }: Pod, index: number): Record<string, string> {
		const uid = `${job.metadata?.name}-${index}`;
		const fields: Record<string, string | undefined> = {
			"metadata.uid": uid,
			"metadata.labels['app.kubernetes.io/instance']": labels["app.kubernetes.io/instance"],
			"metadata.annotations['batch.kubernetes.io/job-completion-index']": String(index),
		};
		const secrets = this.manifests.filter(({ kind }) => kind === "Secret") as unknown as ISecret[];
		const entries = (container.env ?? []).map(({ name, value, valueFrom }) => {
			const { fieldRef, secretKeyRef } = valueFrom ?? {};
			const secret = secrets.find(({ metadata }) => metadata?.name === secretKeyRef?.name)?.data?.[
				secretKeyRef?.key ?? ""
			];
			const text = fieldRef ? fields[fieldRef.fieldPath] : secret ? Buffer.from(secret, "base64").toString() : value;
			if (text === undefined) throw new Error(`${name} has no value`);
			return [
				name,
				name === "NODE_OPTIONS" ? `${text} --import ${pathToFileURL(this.#resolver).href}` : this.#localPorts(text),
			];
		});
		return Object.fromEntries(entries);
	}

	/** `host:7400` with the port that is ours here. */
	#localPorts(text: string): string {
		return text.replace(/(?<=(?:0\.0\.0\.0|spool-bench-[a-z0-9-]+):)\d+/g, (port) => String(this.port(Number(port))));
	}
}

function programs(name: string): string {
	if (name === "/nodejs/bin/node") return process.execPath;
	const redis = name === "redis-server" ? findRedisServer(process.env) : undefined;
	if (redis === undefined) throw new Error(`nothing here stands for ${name}`);
	return redis;
}
