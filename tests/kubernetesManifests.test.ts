import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, parseDocument } from "yaml";
import { type Circumstances, ruleFaults, unknownFlags } from "./support/manifestRules.js";
import { type Manifest, NO_KUSTOMIZE, renderManifests, schemaFaults } from "./support/manifests.js";
import { ROOT } from "./support/sandbox.js";

const IMAGE = `registry.test/spool-bench@sha256:${"1".repeat(64)}`;
const RENDER = join(ROOT, "scripts", "kubernetes", "render.mjs");
const IDENTITIES = ["spool-bench-coordinator", "spool-bench-agent"];

let folder: string;
beforeAll(() => {
	folder = mkdtempSync(join(tmpdir(), "kubernetes-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function renderRun(name: string, ...words: string[]): Manifest[] {
	const out = join(folder, name);
	execFileSync(process.execPath, [RENDER, "--image", IMAGE, "--out", out, ...words], {
		stdio: ["ignore", "ignore", "pipe"],
	});
	return renderManifests(out);
}

const overlay = (name: string) => () => renderManifests(join(ROOT, "deploy", "overlays", name));
const file = (path: string) =>
	parseDocument(readFileSync(join(ROOT, "deploy", path), "utf8"), { version: "1.1" }).toJS() as Manifest;

const DEPLOYMENTS: [string, () => Manifest[], Circumstances][] = [
	["overlay one-node", overlay("one-node"), { secrets: IDENTITIES, oneNode: true }],
	["overlay eight-agents", overlay("eight-agents"), { secrets: IDENTITIES }],
	["overlay many-agents", overlay("many-agents"), { secrets: IDENTITIES, claims: ["spool-bench-results"] }],
	[
		"a run of 64 agents",
		() => renderRun("large", "--agents", "64"),
		{ rendered: true, claims: ["spool-bench-results"] },
	],
	[
		"a run on one node, with NATS",
		() => renderRun("small", "--overlay", "one-node", "--component", "nats"),
		{ rendered: true, oneNode: true },
	],
	[
		"a run with a Redis that is there",
		() => renderRun("redis", "--redis-secret", "mine"),
		{ rendered: true, secrets: ["mine"] },
	],
];

describe.skipIf(NO_KUSTOMIZE !== undefined)(`manifests${NO_KUSTOMIZE === undefined ? "" : `: ${NO_KUSTOMIZE}`}`, () => {
	test("of every overlay and of rendered runs have nothing wrong with them", { timeout: 120_000 }, () => {
		const all = DEPLOYMENTS.map(([name, make, circumstances]) => ({ name, manifests: make(), circumstances }));
		for (const { name, manifests, circumstances } of all)
			expect([name, ruleFaults(manifests, circumstances)]).toEqual([name, []]);
		const manifests = [
			...all.flatMap((each) => each.manifests),
			file("namespace.yaml"),
			file("components/results-volume/claim.yaml"),
		];
		expect(manifests.length).toBeGreaterThan(60);
		expect(schemaFaults(manifests).flat()).toEqual([]);
	});

	test("with cert-manager name Secrets that their Certificates make", () => {
		const manifests = renderRun("certificates", "--component", "cert-manager");
		const made = manifests.flatMap((each) =>
			each.kind === "Certificate" && "spec" in each ? [(each.spec as { secretName: string }).secretName] : [],
		);
		expect(made).toHaveLength(3);
		expect(ruleFaults(manifests, { rendered: true, secrets: made })).toEqual([]);
	});

	test("of two runs share no name", () => {
		const names = (manifests: Manifest[]) => manifests.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
		const [one, other] = ["first", "second"].map((name) => names(renderRun(name, "--agents", "3")));
		expect(other?.filter((name) => one?.includes(name))).toEqual([]);
	});

	test("that are broken, each in one place, are each found out", { timeout: 60_000 }, () => {
		const whole = renderRun("whole", "--agents", "4", "--component", "nats");
		const cases = BROKEN.map(([kind, role, path, value, expected]) => {
			const manifests = structuredClone(whole);
			const target = manifests.find(
				(each) => each.kind === kind && each.metadata.name.startsWith(`spool-bench-${role}`),
			);
			if (!target) throw new Error(`no ${kind} of ${role}`);
			change(target, path.split("/"), value);
			return { title: `${kind} ${role}: ${path}`, manifests, target, expected };
		});
		const schema = schemaFaults([...cases.map(({ target }) => target), ...whole]);
		expect(schema.slice(cases.length).flat()).toEqual([]);
		expect(ruleFaults(whole, { rendered: true })).toEqual([]);
		for (const [index, { title, manifests, expected }] of cases.entries()) {
			const found = [...(schema[index] ?? []), ...ruleFaults(manifests, { rendered: true })];
			expect([title, found.join("\n")]).toEqual([title, expect.stringMatching(expected)]);
		}
	});
});

test("the compose file names images by digest or builds them, and flags that there are", () => {
	const { services } = parse(readFileSync(join(ROOT, "deploy", "compose.yaml"), "utf8")) as {
		services: Record<string, Service>;
	};
	expect(Object.keys(services)).toEqual(["redis", "nats", "coordinator", "agent"]);
	for (const [name, { image, build, command = [] }] of Object.entries(services)) {
		expect([name, build !== undefined || /@sha256:[0-9a-f]{64}$/.test(image)]).toEqual([name, true]);
		expect([name, unknownFlags(name, command)]).toEqual([name, []]);
	}
});

interface Service {
	readonly image: string;
	readonly build?: unknown;
	readonly command?: readonly string[];
}

/** Sets what lies at a path, or takes it away. Of a list an element is found by its number or its name. */
function change(target: object, path: readonly string[], value: unknown): void {
	const inside = (at: object, key: string) => {
		const named = Array.isArray(at) ? (at as { name?: string }[]).find(({ name }) => name === key) : undefined;
		return named ?? ((at as Record<string, unknown>)[key] as object);
	};
	const last = path.at(-1) ?? "";
	const parent = path.slice(0, -1).reduce(inside, target) as Record<string, unknown>;
	if (value === undefined) delete parent[last];
	else parent[last] = value;
}

const POD = "spec/template/spec";
const FIRST = `${POD}/containers/0`;

/** Kind, whose, where, what then stands there (undefined: nothing), and what has to be said of it. */
const BROKEN: [string, string, string, unknown, RegExp][] = [
	["Job", "coordinator", "spec/backofLimit", 0, /"backofLimit"' does not exist/],
	["Job", "coordinator", `${FIRST}/resources/limit`, { cpu: "1" }, /"limit"' does not exist/],
	["Job", "agents", "spec/parallelism", "4", /parallelism|not assignable to type 'number'/],
	["Job", "agents", `${POD}/containers`, undefined, /containers/],
	["Job", "agents", "spec/completionMode", "Index", /have no index/],
	["Service", "coordinator", "spec/ports/0/port", undefined, /port/],
	["NetworkPolicy", "coordinator", "spec/ingress/0/form", [], /"form"' does not exist/],
	["Job", "coordinator", "spec/backoffLimit", 3, /run again after a failure/],
	["Job", "coordinator", "spec/activeDeadlineSeconds", undefined, /no deadline/],
	["Job", "agents", "spec/ttlSecondsAfterFinished", undefined, /stays for ever/],
	["Job", "agents", "spec/completions", 3, /do not all run at once/],
	["Job", "coordinator", `${FIRST}/env/SPOOLBENCH_AGENTS/value`, "5", /4 of them, the coordinator waits for 5/],
	[
		"Job",
		"agents",
		"spec/podFailurePolicy/rules/1/onExitCodes/containerName",
		"agents",
		/one that was refused tries again/,
	],
	["Job", "agents", "spec/podFailurePolicy/rules/0/action", "Count", /an eviction counts as failure/],
	["Job", "agents", `${POD}/securityContext/runAsNonRoot`, false, /may run as root/],
	["Job", "agents", `${FIRST}/securityContext/readOnlyRootFilesystem`, undefined, /can write its root/],
	["Job", "redis", `${FIRST}/securityContext/capabilities/add`, ["SYS_NICE"], /keeps capabilities/],
	["Job", "coordinator", `${POD}/automountServiceAccountToken`, true, /token for the Kubernetes API/],
	["Job", "agents", `${FIRST}/image`, "registry.test/spool-bench:latest", /can change/],
	["Job", "agents", `${FIRST}/resources/requests/cpu`, "500m", /cpu is not guaranteed/],
	["Job", "agents", `${FIRST}/resources/limits/memory`, "400Mi", /killed before its heap is full/],
	["Job", "agents", `${POD}/affinity/podAntiAffinity`, undefined, /share a node with Redis/],
	[
		"Job",
		"agents",
		`${FIRST}/env/SPOOLBENCH_COORDINATOR/value`,
		"spool-bench-coordinator:7400",
		/no service at spool-bench-coordinator:7400/,
	],
	["Job", "agents", `${FIRST}/args/0`, "--token=/etc/spool-bench/identity/join.token", /there is no --token/],
	["Job", "coordinator", `${POD}/volumes/0/configMap/name`, "spool-bench-plan", /no ConfigMap spool-bench-plan/],
	["Job", "coordinator", `${POD}/serviceAccountName`, "default", /no service account default/],
	["Job", "coordinator", `${FIRST}/readinessProbe/httpGet/port`, "http", /readiness is asked for at no port/],
	["Job", "redis", "spec/activeDeadlineSeconds", 60, /ends before the coordinator/],
	["Service", "redis", "spec/selector", { app: "redis" }, /stands before 0 pods/],
	["NetworkPolicy", "none", "spec/policyTypes", ["Egress"], /agent is open for Ingress/],
	["NetworkPolicy", "redis", "spec/ingress/0/ports/0/port", 6380, /agent cannot reach redis at 6379/],
	["Secret", "agent", "immutable", undefined, /can be changed under a run/],
];
