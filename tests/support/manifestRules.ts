import type { IJob } from "kubernetes-models/batch/v1";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1";
import type { ISecret, IService } from "kubernetes-models/v1";
import { agentCommand } from "../../agent/flags.js";
import { runCommand } from "../../coordinator/commands/run.js";
import type { Manifest } from "./manifests.js";

type Labels = Readonly<Record<string, string>>;
type PodSpec = NonNullable<NonNullable<IJob["spec"]>["template"]["spec"]>;
type Container = PodSpec["containers"][number];

export interface Pod {
	readonly role: string;
	readonly job: IJob;
	readonly labels: Labels;
	readonly spec: PodSpec;
	readonly container: Container;
}

/** What is not made by the run, but by whoever keeps the cluster. */
export interface Circumstances {
	readonly secrets?: readonly string[];
	readonly claims?: readonly string[];
	/** Agents may share a node with Redis. */
	readonly oneNode?: boolean;
	/** With a run's own names, never to be applied twice. */
	readonly rendered?: boolean;
}

export function podsOf(manifests: readonly Manifest[]): Pod[] {
	return ofKind<IJob>(manifests, "Job").flatMap((job) => {
		const { metadata, spec } = job.spec?.template ?? {};
		// A broken manifest may have none.
		const container = (spec?.containers as readonly Container[] | undefined)?.[0];
		const labels = (metadata?.labels ?? {}) as Labels;
		return spec && container
			? [{ role: labels["app.kubernetes.io/component"] ?? "", job, labels, spec, container }]
			: [];
	});
}

function ofKind<T>(manifests: readonly Manifest[], kind: string): T[] {
	return manifests.filter((manifest) => manifest.kind === kind) as T[];
}

/** What this project asks of manifests beyond Kubernetes' schemas (deploy/README.md), a sentence each. */
export function ruleFaults(manifests: readonly Manifest[], circumstances: Circumstances = {}): string[] {
	const pods = podsOf(manifests);
	return [
		...nameFaults(manifests, circumstances),
		...pods.flatMap((pod) =>
			[...lifetimeFaults(pod), ...securityFaults(pod), ...resourceFaults(pod), ...portFaults(pod)].map(
				(fault) => `${pod.role}: ${fault}`,
			),
		),
		...pods.flatMap((pod) => referenceFaults(pod, manifests, circumstances).map((fault) => `${pod.role}: ${fault}`)),
		...fleetFaults(pods, circumstances),
		...serviceFaults(manifests, pods),
		...networkFaults(ofKind<INetworkPolicy>(manifests, "NetworkPolicy"), pods),
	];
}

function nameFaults(manifests: readonly Manifest[], { rendered }: Circumstances): string[] {
	const seen = new Set<string>();
	return manifests.flatMap((manifest) => {
		const { kind, metadata } = manifest;
		const id = `${kind} ${metadata.name}`;
		const run = metadata.labels?.["app.kubernetes.io/instance"];
		const faults = [];
		if (seen.has(id)) faults.push(`${id} twice`);
		if (run === undefined || metadata.labels?.["app.kubernetes.io/name"] !== "spool-bench")
			faults.push(`${id} has no labels`);
		if (rendered && !metadata.name.includes(`-${run}`)) faults.push(`${id} is not named after its run`);
		if (rendered && /^(Secret|ConfigMap)$/.test(kind) && !("immutable" in manifest && manifest.immutable === true)) {
			faults.push(`${id} can be changed under a run`);
		}
		seen.add(id);
		return faults;
	});
}

function lifetimeFaults({ role, job, spec, container }: Pod): string[] {
	const { activeDeadlineSeconds = 0, ttlSecondsAfterFinished, backoffLimit } = job.spec ?? {};
	const faults = [];
	if (activeDeadlineSeconds <= 0) faults.push("no deadline");
	if (ttlSecondsAfterFinished === undefined) faults.push("stays for ever after its end");
	if (role !== "nats" && spec.restartPolicy !== "Never") faults.push("is started again in place");
	if (role === "coordinator") {
		if (backoffLimit !== 0) faults.push("is run again after a failure");
		if ((spec.terminationGracePeriodSeconds ?? 30) < 60) faults.push("has no time for a partial report");
		if (!(container.args ?? []).includes(`--termination-log=${container.terminationMessagePath}`)) {
			faults.push("leaves no termination message");
		}
	}
	return faults;
}

/** The restricted pod security standard, and a root that cannot be written. */
function securityFaults({ spec }: Pod): string[] {
	const faults = [];
	const { securityContext: pod = {}, volumes = [], containers, initContainers = [] } = spec;
	if (spec.automountServiceAccountToken !== false) faults.push("mounts a token for the Kubernetes API");
	if (spec.enableServiceLinks !== false) faults.push("takes environment variables from services");
	if (spec.hostNetwork || spec.hostPID || spec.hostIPC) faults.push("shares a namespace with its host");
	if (volumes.some(({ hostPath }) => hostPath)) faults.push("mounts a folder of its host");
	if (!pod.runAsNonRoot || !pod.runAsUser) faults.push("may run as root");
	if (pod.seccompProfile?.type !== "RuntimeDefault") faults.push("has no seccomp profile");
	for (const { image = "", securityContext: own = {}, env = [] } of [...containers, ...initContainers]) {
		if (own.allowPrivilegeEscalation !== false || own.privileged) faults.push("may gain privileges");
		if (!own.readOnlyRootFilesystem) faults.push("can write its root file system");
		if (own.capabilities?.drop?.[0] !== "ALL" || own.capabilities.add) faults.push("keeps capabilities");
		if (own.runAsNonRoot === false || own.runAsUser === 0) faults.push("may run as root");
		if (!/^[^@]+@sha256:[0-9a-f]{64}$/.test(image) || image.includes(":latest"))
			faults.push(`image ${image} can change`);
		for (const { name, value = "" } of env)
			if (/:\/\/[^/]*:[^/]*@/.test(value)) faults.push(`${name} holds a password`);
	}
	return faults;
}

function resourceFaults({ container }: Pod): string[] {
	const { requests = {}, limits = {} } = container.resources ?? {};
	const faults = [];
	for (const name of ["cpu", "memory"]) {
		if (limits[name] === undefined || String(requests[name]) !== String(limits[name]))
			faults.push(`${name} is not guaranteed`);
	}
	if (!/^[1-9]\d*$/.test(String(limits.cpu))) faults.push("has no whole cores");
	const heapMiB = /--max-old-space-size=(\d+)/.exec(
		container.env?.find(({ name }) => name === "NODE_OPTIONS")?.value ?? "",
	)?.[1];
	if (heapMiB !== undefined && Number(heapMiB) >= mebibytes(String(limits.memory)) * 0.9) {
		faults.push("is killed before its heap is full");
	}
	return faults;
}

function mebibytes(quantity: string): number {
	const [, figure, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
	return Number(figure) * (unit === "Gi" ? 1_024 : 1);
}

const FLAGS: Readonly<Record<string, () => readonly (string | undefined)[]>> = {
	coordinator: () => runCommand().options.map(({ long }) => long),
	agent: () => agentCommand().options.map(({ long }) => long),
};

/** Of a container's arguments, flags that its program does not have. */
export function unknownFlags(role: string, args: readonly string[]): string[] {
	const known = FLAGS[role]?.();
	const flags = args.flatMap((arg) => /^--[a-z-]+/.exec(arg) ?? []);
	return known === undefined ? [] : flags.filter((flag) => !known.includes(flag));
}

function portFaults({ role, container }: Pod): string[] {
	const { args = [], ports = [], readinessProbe: probe } = container;
	const faults = unknownFlags(role, args).map((flag) => `there is no ${flag}`);
	if (role !== "agent") {
		const checked = probe?.httpGet?.port ?? probe?.tcpSocket?.port;
		if (!ports.some(({ name, containerPort }) => checked === name || checked === containerPort)) {
			faults.push("readiness is asked for at no port of it");
		}
	}
	for (const [flag, name] of [
		["--listen", "grpc"],
		["--metrics-port", "metrics"],
	] as const) {
		const listens = args
			.find((arg) => arg.startsWith(`${flag}=`))
			?.split(":")
			.at(-1);
		const declared = ports.find((port) => port.name === name)?.containerPort;
		if (role === "coordinator" && listens !== String(declared)) faults.push(`${flag} is not its port ${name}`);
	}
	return faults;
}

function referenceFaults({ spec, container }: Pod, manifests: readonly Manifest[], external: Circumstances): string[] {
	const names = (kind: string) => ofKind<Manifest>(manifests, kind).map(({ metadata }) => metadata.name);
	const secrets = new Set([...names("Secret"), ...(external.secrets ?? [])]);
	const configMaps = new Set(names("ConfigMap"));
	const faults = [];
	const account = spec.serviceAccountName;
	if (account !== undefined && !names("ServiceAccount").includes(account)) faults.push(`no service account ${account}`);
	const needSecret = (name = "") => {
		if (!secrets.has(name)) faults.push(`no Secret ${name}`);
	};
	for (const { valueFrom } of container.env ?? []) if (valueFrom?.secretKeyRef) needSecret(valueFrom.secretKeyRef.name);
	for (const { secret, configMap, projected, persistentVolumeClaim: claim } of spec.volumes ?? []) {
		if (secret) needSecret(secret.secretName);
		if (configMap && !configMaps.has(configMap.name ?? "")) faults.push(`no ConfigMap ${configMap.name}`);
		for (const source of projected?.sources ?? []) if (source.secret) needSecret(source.secret.name);
		if (claim && !external.claims?.includes(claim.claimName)) faults.push(`no claim ${claim.claimName}`);
	}
	for (const { name } of container.volumeMounts ?? []) {
		if (!spec.volumes?.some((volume) => volume.name === name)) faults.push(`no volume ${name}`);
	}
	return faults;
}

function fleetFaults(pods: readonly Pod[], { oneNode }: Circumstances): string[] {
	const [coordinator, agent] = ["coordinator", "agent"].map((role) => pods.find((pod) => pod.role === role));
	if (!coordinator || !agent) return ["there is no coordinator, or no agent"];
	const faults = [];
	const { completionMode, completions, parallelism, backoffLimitPerIndex, podReplacementPolicy, podFailurePolicy } =
		agent.job.spec ?? {};
	const planned = coordinator.container.env?.find(({ name }) => name === "SPOOLBENCH_AGENTS")?.value;
	if (completionMode !== "Indexed") faults.push("agents: have no index");
	if (completions !== parallelism) faults.push("agents: do not all run at once");
	if (String(completions) !== planned)
		faults.push(`agents: ${completions} of them, the coordinator waits for ${planned}`);
	if (backoffLimitPerIndex !== 2 || podReplacementPolicy !== "Failed") faults.push("agents: are replaced otherwise");
	const rules = podFailurePolicy?.rules ?? [];
	const fails = rules.find(({ action }) => action === "FailIndex")?.onExitCodes;
	if (fails?.containerName !== agent.container.name || fails.operator !== "In" || !fails.values?.includes(2)) {
		faults.push("agents: one that was refused tries again");
	}
	const disruption = rules.find(({ action }) => action === "Ignore")?.onPodConditions?.[0];
	if (disruption?.type !== "DisruptionTarget" || disruption.status !== "True")
		faults.push("agents: an eviction counts as failure");
	const identity = agent.container.env?.find(({ name }) => name === "SPOOLBENCH_INDEX")?.valueFrom?.fieldRef?.fieldPath;
	if (!identity?.includes("job-completion-index")) faults.push("agents: take an index that is not their own");
	const redis = pods.find(({ role }) => role === "redis");
	const apart = agent.spec.affinity?.podAntiAffinity;
	const required = apart?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
	const preferred =
		apart?.preferredDuringSchedulingIgnoredDuringExecution?.map(({ podAffinityTerm }) => podAffinityTerm) ?? [];
	if (redis && !(oneNode ? preferred : required).some(({ labelSelector }) => matches(labelSelector, redis.labels))) {
		faults.push("agents: share a node with Redis");
	}
	const outlast = Math.max(
		coordinator.job.spec?.activeDeadlineSeconds ?? 0,
		agent.job.spec?.activeDeadlineSeconds ?? 0,
	);
	for (const { role, job } of pods.filter(({ role }) => role === "redis" || role === "nats")) {
		if ((job.spec?.activeDeadlineSeconds ?? 0) <= outlast) faults.push(`${role}: ends before the coordinator`);
	}
	return faults;
}

function serviceFaults(manifests: readonly Manifest[], pods: readonly Pod[]): string[] {
	const services = ofKind<IService>(manifests, "Service");
	const faults = services.flatMap(({ metadata, spec }) => {
		const behind = pods.filter(({ labels }) => matches({ matchLabels: spec?.selector }, labels));
		if (behind.length !== 1) return [`Service ${metadata?.name} stands before ${behind.length} pods`];
		const ports = behind[0]?.container.ports ?? [];
		return (spec?.ports ?? [])
			.filter(
				({ targetPort }) =>
					!ports.some(({ name, containerPort }) => targetPort === name || targetPort === containerPort),
			)
			.map(({ name }) => `Service ${metadata?.name}: nobody listens at ${name}`);
	});
	for (const address of addressesOf(manifests, pods)) {
		const [host, port] = address.replace(/^.*\/\//, "").split(":");
		const service = services.find(({ metadata }) => metadata?.name === host);
		if (!service?.spec?.ports?.some((each) => String(each.port) === port)) faults.push(`no service at ${address}`);
	}
	return faults;
}

function addressesOf(manifests: readonly Manifest[], pods: readonly Pod[]): string[] {
	const named = pods
		.flatMap(({ container }) => container.env ?? [])
		.filter(({ name }) => name === "SPOOLBENCH_COORDINATOR" || name === "SPOOLBENCH_NATS")
		.map(({ value = "" }) => value);
	const urls = ofKind<ISecret>(manifests, "Secret").flatMap(({ data }) => data?.url ?? []);
	return [...named, ...urls.map((text) => Buffer.from(text, "base64").toString())];
}

/** Who must reach whom, and that nobody else does. */
function networkFaults(policies: readonly INetworkPolicy[], pods: readonly Pod[]): string[] {
	const needed = [
		["agent", "coordinator", 7400],
		["agent", "redis", 6379],
		["agent", "nats", 4222],
		["coordinator", "nats", 4222],
	];
	const open = pods.flatMap(({ role, labels }) =>
		(["Egress", "Ingress"] as const)
			.filter((type) => policiesFor(policies, type, labels).length === 0)
			.map((type) => `network: ${role} is open for ${type}`),
	);
	const wrong = pods.flatMap((from) =>
		pods.flatMap((to) =>
			[7400, 9464, 6379, 4222].flatMap((port) => {
				const asked = needed.some(([a, b, at]) => a === from.role && b === to.role && at === port);
				if (reaches(policies, from, to, port) === asked) return [];
				return [`network: ${from.role} ${asked ? "cannot reach" : "reaches"} ${to.role} at ${port}`];
			}),
		),
	);
	return [...open, ...wrong];
}

function reaches(policies: readonly INetworkPolicy[], from: Pod, to: Pod, port: number): boolean {
	return allows(policies, "Egress", from, to, port) && allows(policies, "Ingress", to, from, port);
}

/** The API's rule: a pod that no policy of the type selects is open; else one of them must let the peer and the port through. */
function allows(
	policies: readonly INetworkPolicy[],
	type: "Egress" | "Ingress",
	pod: Pod,
	peer: Pod,
	port: number,
): boolean {
	const own = policiesFor(policies, type, pod.labels);
	if (own.length === 0) return true;
	return own.some((spec) => {
		const rules = (type === "Egress" ? spec.egress : spec.ingress) ?? [];
		return rules.some((rule) => {
			const peers = ("to" in rule ? rule.to : undefined) ?? ("from" in rule ? rule.from : undefined);
			const isPeer =
				!peers ||
				peers.some((each) => !each.ipBlock && !each.namespaceSelector && matches(each.podSelector, peer.labels));
			return isPeer && (!rule.ports || rule.ports.some((each) => each.port === port));
		});
	});
}

function policiesFor(policies: readonly INetworkPolicy[], type: "Egress" | "Ingress", labels: Labels) {
	return policies.flatMap(({ spec }) =>
		spec?.policyTypes?.includes(type) && matches(spec.podSelector, labels) ? [spec] : [],
	);
}

interface Selector {
	readonly matchLabels?: Labels | undefined;
	readonly matchExpressions?: readonly {
		readonly key: string;
		readonly operator: string;
		readonly values?: readonly string[];
	}[];
}

/** The operators that stand in our manifests. */
function matches(selector: Selector | undefined, labels: Labels): boolean {
	if (selector === undefined) return false;
	const equal = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
	return (
		equal &&
		(selector.matchExpressions ?? []).every(({ key, operator, values = [] }) => {
			if (operator !== "In") throw new Error(`the operator ${operator} is not known here`);
			return values.includes(labels[key] ?? "");
		})
	);
}

interface WithData {
	readonly metadata: { readonly name: string };
	readonly data?: Readonly<Record<string, string>>;
}

/** The mounted files of a pod's container, by path. */
export function mountedFiles({ spec, container }: Pod, manifests: readonly Manifest[]): Map<string, string> {
	const find = (kind: string, name: string | undefined) =>
		ofKind<WithData>(manifests, kind).find(({ metadata }) => metadata.name === name);
	const secretFiles = (name: string | undefined) =>
		Object.entries(find("Secret", name)?.data ?? {}).map(
			([file, text]) => [file, Buffer.from(text, "base64").toString()] as const,
		);
	const files = new Map<string, string>();
	for (const { name, mountPath } of container.volumeMounts ?? []) {
		const volume = spec.volumes?.find((each) => each.name === name);
		const inside = [
			...Object.entries(find("ConfigMap", volume?.configMap?.name)?.data ?? {}),
			...(volume?.projected?.sources ?? []).flatMap(({ secret }) => secretFiles(secret?.name)),
		];
		for (const [file, text] of inside) files.set(`${mountPath}/${file}`, text);
	}
	return files;
}
