#!/usr/bin/env node
// Makes the kustomization of one run: see --help.
import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { parse } from "yaml";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DEPLOY = join(ROOT, "deploy");
const OVERLAYS = ["one-node", "eight-agents", "many-agents"];
const COMPONENTS = ["nats", "results-volume", "dedicated-nodes", "large-coordinator", "cert-manager"];
const MOST_AGENTS = 512;
const LONGEST_DEADLINE_S = 24 * 3_600;
/** Redis and NATS outlast the coordinator, which has a report to write. */
const DEADLINE_MARGIN_S = 300;

const HELP = `Makes the kustomization of one run: names, certificates and token of its own, so that nothing is ever applied twice.

  node scripts/kubernetes/render.mjs --agents 64 --plan plan.yaml --image REPOSITORY@sha256:DIGEST

  --agents <N>              Agents, 1 to ${MOST_AGENTS}. Default: the overlay's.
  --plan <FILE>             The plan; its redis and agents do not count. Default: deploy/base/plan.yaml.
  --image <NAME@DIGEST>     The image of both roles, by digest (required).
  --overlay <NAME>          One of ${OVERLAYS.join(", ")}.
                            Default: eight-agents, from 32 agents on many-agents.
  --component <NAME>        More of ${COMPONENTS.slice(0, 3).join(", ")},
                            ${COMPONENTS.slice(3).join(", ")}; may be given several times.
  --redis-secret <NAME>     A Secret whose key url is the URL of a Redis that is there already. Default: a Redis of the run's own.
  --namespace <NAME>        Default: spool-bench.
  --deadline <SECONDS>      When the run ends at the latest. Default: 7200.
  --out <DIR>               A folder that does not exist. Default: deploy/runs/RUN.

The folder holds private keys (mode 0700). After \`kubectl apply -k DIR\` only \`kubectl delete -k DIR\` needs it.
`;

/** A sentence for the user; ends the program with exit code 2. */
class InputError extends Error {}

try {
	process.stdout.write(main(process.argv.slice(2)));
} catch (error) {
	if (!(error instanceof InputError) && error.code?.startsWith("ERR_PARSE_ARGS") !== true) throw error;
	process.stderr.write(`render.mjs: ${error.message}\n`);
	process.exitCode = 2;
}

function main(words) {
	const request = readRequest(words);
	if (request === undefined) return HELP;
	validatePlan(request);
	if (existsSync(request.out)) throw new InputError(`--out: ${request.out} exists, and nothing is overwritten`);
	mkdirSync(request.out, { recursive: true, mode: 0o700 });
	try {
		copyFileSync(request.plan, join(request.out, "plan.yaml"));
		writeIdentities(request);
		for (const [name, text] of Object.entries(filesOf(request))) writeFileSync(join(request.out, name), text);
	} catch (error) {
		rmSync(request.out, { recursive: true, force: true });
		throw error;
	}
	const folder = relative(process.cwd(), request.out) || ".";
	return [
		`${folder}: run ${request.run}, ${request.agents} agents`,
		`start    kubectl apply -k ${folder}`,
		`report   node scripts/kubernetes/fetch.mjs ${folder}`,
		`remove   kubectl delete -k ${folder}`,
		"",
	].join("\n");
}

/** @returns undefined where help is asked for */
function readRequest(words) {
	const { values } = parseArgs({
		args: words,
		options: {
			agents: { type: "string" },
			plan: { type: "string", default: join(DEPLOY, "base", "plan.yaml") },
			image: { type: "string" },
			overlay: { type: "string" },
			component: { type: "string", multiple: true, default: [] },
			"redis-secret": { type: "string" },
			namespace: { type: "string", default: "spool-bench" },
			deadline: { type: "string", default: "7200" },
			out: { type: "string" },
			help: { type: "boolean", short: "h" },
		},
	});
	if (values.help) return undefined;
	const asked = values.agents === undefined ? undefined : whole("--agents", values.agents, MOST_AGENTS);
	const overlay = values.overlay ?? (asked !== undefined && asked >= 32 ? "many-agents" : "eight-agents");
	oneOf("--overlay", overlay, OVERLAYS);
	for (const name of values.component) oneOf("--component", name, COMPONENTS);
	const agents = asked ?? { "one-node": 2, "eight-agents": 8, "many-agents": 64 }[overlay];
	const image = /^(?<name>[a-z0-9][a-z0-9._:/-]*)@(?<digest>sha256:[0-9a-f]{64})$/.exec(values.image ?? "")?.groups;
	if (!image) {
		throw new InputError(
			`--image: expected NAME@sha256:DIGEST, since a tag can move, got ${values.image ?? "nothing"}`,
		);
	}
	for (const flag of ["namespace", "redis-secret"]) {
		const name = values[flag];
		if (name !== undefined && !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) {
			throw new InputError(`--${flag}: expected the name of a Kubernetes object, got ${JSON.stringify(name)}`);
		}
	}
	const components = chooseComponents(overlay, values.component, values["redis-secret"]);
	// A letter first: YAML takes 12345678, and 1e234567 too, for a number.
	const run = `r${randomBytes(4).toString("hex")}`;
	return {
		run,
		agents,
		plan: values.plan,
		image,
		components,
		redisSecret: values["redis-secret"],
		namespace: values.namespace,
		deadlineSeconds: whole("--deadline", values.deadline, LONGEST_DEADLINE_S),
		out: resolve(values.out ?? join(DEPLOY, "runs", run)),
	};
}

/** The overlay's own, which come last: one-node softens what the others ask for. */
function chooseComponents(overlay, added, redisSecret) {
	const { components } = parse(readFileSync(join(DEPLOY, "overlays", overlay, "kustomization.yaml"), "utf8"));
	const own = components.map((path) => path.slice(path.lastIndexOf("/") + 1));
	const all = [...new Set(added)].filter((name) => !own.includes(name)).concat(own);
	return redisSecret === undefined ? all : all.map((name) => (name === "redis" ? "external-redis" : name));
}

function whole(flag, text, most) {
	const value = Number(text);
	if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
	throw new InputError(`${flag}: expected a whole number from 1 to ${most}, got ${JSON.stringify(text)}`);
}

function oneOf(flag, value, choices) {
	if (!choices.includes(value)) throw new InputError(`${flag}: expected one of ${choices.join(", ")}, got ${value}`);
}

/** As the coordinator will read it: a mistake is told here, and not by a pod. */
function validatePlan({ plan, agents }) {
	coordinator(["validate", "--plan", plan, "--agents", String(agents), "--redis", "alias:bench"]);
}

function coordinator(words) {
	const main = join(ROOT, "dist", "coordinator", "main.js");
	if (!existsSync(main)) throw new InputError("there is no build: run scripts/setup.sh first");
	const env = Object.fromEntries(
		Object.entries(process.env).filter(([name]) => !/^(SPOOLBENCH_|REDIS_URL$)/.test(name)),
	);
	try {
		return execFileSync(process.execPath, [main, ...words], {
			encoding: "utf8",
			env,
			stdio: ["ignore", "pipe", "pipe"],
		});
	} catch (error) {
		throw new InputError((error.stderr || error.message).trim());
	}
}

/** What the two Secrets hold, in coordinator/ and agent/. */
function writeIdentities({ out, run, namespace, components }) {
	const token = `${randomBytes(32).toString("hex")}\n`;
	if (!components.includes("cert-manager"))
		coordinator(["certs", "--out", out, "--host", coordinatorHosts(run, namespace).join(",")]);
	for (const role of ["coordinator", "agent"]) {
		mkdirSync(join(out, role), { recursive: true, mode: 0o700 });
		writeFileSync(join(out, role, "join.token"), token, { mode: 0o600 });
	}
}

function coordinatorHosts(run, namespace) {
	const name = `spool-bench-coordinator-${run}`;
	return [name, `${name}.${namespace}`, `${name}.${namespace}.svc`, `${name}.${namespace}.svc.cluster.local`];
}

/** The kustomization and its patches, by file name. YAML is a superset of JSON. */
function filesOf(request) {
	const { run, out, image, components, namespace, redisSecret } = request;
	const deploy = relative(out, DEPLOY);
	const certManager = components.includes("cert-manager");
	const files = ["join.token", ...(certManager ? [] : ["ca.crt", "tls.crt", "tls.key"])];
	const secret = (role) => ({ name: `spool-bench-${role}`, files: files.map((file) => `${role}/${file}`) });
	const redis = { name: "spool-bench-redis", literals: [`url=redis://spool-bench-redis-${run}:6379`] };
	const kustomization = {
		apiVersion: "kustomize.config.k8s.io/v1beta1",
		kind: "Kustomization",
		namespace,
		nameSuffix: `-${run}`,
		labels: [
			{
				pairs: { "app.kubernetes.io/name": "spool-bench", "app.kubernetes.io/instance": run },
				includeSelectors: true,
				includeTemplates: true,
			},
		],
		resources: [`${deploy}/base`],
		components: components.map((name) => `${deploy}/components/${name}`),
		images: [{ name: "registry.example/spool-bench", newName: image.name, digest: image.digest }],
		generatorOptions: { immutable: true },
		configMapGenerator: [{ name: "spool-bench-plan", behavior: "replace", files: ["plan.yaml"] }],
		secretGenerator: [secret("coordinator"), secret("agent"), ...(redisSecret === undefined ? [redis] : [])],
		patches: [{ path: "run.yaml" }, ...(certManager ? certificatePatches(request) : [])],
	};
	const patches = jobPatches(request).map((patch) => `${JSON.stringify(patch, null, 2)}\n`);
	return { "kustomization.yaml": `${JSON.stringify(kustomization, null, 2)}\n`, "run.yaml": patches.join("---\n") };
}

/** What differs between two runs besides their names. */
function jobPatches({ run, agents, components, deadlineSeconds, redisSecret }) {
	const nats = components.includes("nats");
	const natsUrl = nats ? [{ name: "SPOOLBENCH_NATS", value: `nats://spool-bench-nats-${run}:4222` }] : [];
	const redisUrl = { name: "SPOOLBENCH_TARGET_BENCH", valueFrom: { secretKeyRef: { name: redisSecret, key: "url" } } };
	const job = (name, spec, container) => ({
		apiVersion: "batch/v1",
		kind: "Job",
		metadata: { name: `spool-bench-${name}` },
		spec: { ...spec, ...(container && { template: { spec: { containers: [container] } } }) },
	});
	const lifetime = { activeDeadlineSeconds: deadlineSeconds };
	const outlasting = { activeDeadlineSeconds: deadlineSeconds + DEADLINE_MARGIN_S };
	const ofCoordinator = [{ name: "SPOOLBENCH_AGENTS", value: String(agents) }, ...natsUrl];
	const ofAgent = [
		{ name: "SPOOLBENCH_COORDINATOR", value: `spool-bench-coordinator-${run}:7400` },
		...(redisSecret === undefined ? [] : [redisUrl]),
		...natsUrl,
	];
	return [
		job("coordinator", lifetime, { name: "coordinator", env: ofCoordinator }),
		job("agents", { ...lifetime, completions: agents, parallelism: agents }, { name: "agent", env: ofAgent }),
		...(redisSecret === undefined ? [job("redis", outlasting)] : []),
		...(nats ? [job("nats", outlasting)] : []),
	];
}

/** kustomize does not know in which fields of cert-manager's objects a name stands. */
function certificatePatches({ run, namespace }) {
	const set = (kind, name, values) => ({
		target: { kind, name },
		patch: JSON.stringify(Object.entries(values).map(([path, value]) => ({ op: "replace", path, value }))),
	});
	const ca = `spool-bench-ca-${run}`;
	const source = (volume) => `/spec/template/spec/volumes/${volume}/projected/sources/1/secret/name`;
	const tls = (role) => `spool-bench-${role}-tls-${run}`;
	return [
		set("Issuer", "spool-bench-ca", { "/spec/ca/secretName": ca }),
		set("Certificate", "spool-bench-ca", {
			"/spec/secretName": ca,
			"/spec/issuerRef/name": `spool-bench-self-${run}`,
		}),
		set("Certificate", "spool-bench-coordinator", {
			"/spec/secretName": tls("coordinator"),
			"/spec/issuerRef/name": ca,
			"/spec/dnsNames": coordinatorHosts(run, namespace),
		}),
		set("Certificate", "spool-bench-agent", { "/spec/secretName": tls("agent"), "/spec/issuerRef/name": ca }),
		set("Job", "spool-bench-coordinator", { [source(1)]: tls("coordinator") }),
		set("Job", "spool-bench-agents", { [source(0)]: tls("agent") }),
	];
}
