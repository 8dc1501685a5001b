import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as batch from "kubernetes-models/batch/v1";
import * as networking from "kubernetes-models/networking.k8s.io/v1";
import * as core from "kubernetes-models/v1";
import { parseAllDocuments } from "yaml";
import { ROOT } from "./sandbox.js";

export interface Manifest {
	readonly apiVersion: string;
	readonly kind: string;
	readonly metadata: { readonly name: string; readonly labels?: Readonly<Record<string, string>> };
}

/** What turns a kustomization into manifests here; undefined where nothing does. */
function findKustomize(): readonly string[] | undefined {
	const works = ([program = "", ...words]: readonly string[]) =>
		spawnSync(program, [...words, join(ROOT, "deploy", "base")], { stdio: "ignore" }).status === 0;
	return [
		["kubectl", "kustomize"],
		["kustomize", "build"],
	].find(works);
}

const KUSTOMIZE = findKustomize();

export const NO_KUSTOMIZE =
	KUSTOMIZE === undefined ? "neither kubectl 1.27 or newer nor kustomize 5 is here to render with" : undefined;

/** @throws Error with kustomize's own words where the folder cannot be rendered */
export function renderManifests(folder: string): Manifest[] {
	const [program = "", ...words] = KUSTOMIZE ?? [];
	const text = execFileSync(program, [...words, folder], { encoding: "utf8", maxBuffer: 16 * 1_048_576 });
	// Kubernetes reads YAML 1.1, in which "no" is false.
	return parseAllDocuments(text, { version: "1.1" }).map((document) => joinLines(document.toJS() as Manifest));
}

/** kustomize breaks base64 into lines, which Kubernetes' decoder skips and the schema does not know. */
function joinLines(manifest: Manifest): Manifest {
	if (manifest.kind !== "Secret" || !("data" in manifest)) return manifest;
	const data = Object.entries(manifest.data as Record<string, string>).map(([name, text]) => [
		name,
		text.replaceAll("\n", ""),
	]);
	return { ...manifest, data: Object.fromEntries(data) } as Manifest;
}

/** Kinds by apiVersion, with what checks formats and ranges; cert-manager's own have no schema here. */
const KINDS: Readonly<Record<string, readonly [from: string, validate: (data: never) => void]>> = {
	ConfigMap: ["v1", (data) => new core.ConfigMap(data).validate()],
	Job: ["batch/v1", (data) => new batch.Job(data).validate()],
	Namespace: ["v1", (data) => new core.Namespace(data).validate()],
	NetworkPolicy: ["networking.k8s.io/v1", (data) => new networking.NetworkPolicy(data).validate()],
	PersistentVolumeClaim: ["v1", (data) => new core.PersistentVolumeClaim(data).validate()],
	Secret: ["v1", (data) => new core.Secret(data).validate()],
	Service: ["v1", (data) => new core.Service(data).validate()],
	ServiceAccount: ["v1", (data) => new core.ServiceAccount(data).validate()],
};
const WITHOUT_SCHEMA = new Set(["cert-manager.io/v1"]);

/**
 * What Kubernetes' schemas have against manifests: wrong types, missing fields, formats and ranges by their JSON schemas;
 * fields that there are not, as each manifest is a literal of its type for the compiler. All in one run of the compiler.
 *
 * @returns for each manifest what is wrong with it
 */
export function schemaFaults(manifests: readonly Manifest[]): string[][] {
	const faults = manifests.map((manifest) => formatFaults(manifest));
	const names = [
		...new Set(
			Object.entries(KINDS).map(([kind, [from]]) => `import type { I${kind} } from "kubernetes-models/${from}";`),
		),
	];
	const lines = manifests.map((manifest, index) => {
		const known = KINDS[manifest.kind]?.[0] === manifest.apiVersion;
		return known ? `export const m${index}: I${manifest.kind} = ${JSON.stringify(manifest)};` : "";
	});
	const folder = mkdtempSync(join(tmpdir(), "manifests-"));
	try {
		symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
		writeFileSync(join(folder, "package.json"), '{"type":"module"}');
		writeFileSync(join(folder, "manifests.ts"), [...names, ...lines].join("\n"));
		const compiler = join(ROOT, "node_modules", "typescript", "bin", "tsc");
		const flags = [
			"--noEmit",
			"--strict",
			"--skipLibCheck",
			"--module",
			"nodenext",
			"--pretty",
			"false",
			"manifests.ts",
		];
		const { stdout } = spawnSync(process.execPath, [compiler, ...flags], { cwd: folder, encoding: "utf8" });
		for (const [text, line, message] of stdout.matchAll(/^manifests\.ts\((\d+),\d+\): (.*)$/gm)) {
			const at = faults[Number(line) - 1 - names.length];
			if (at === undefined) throw new Error(text);
			at.push(message ?? "");
		}
	} finally {
		rmSync(folder, { recursive: true });
	}
	return faults;
}

function formatFaults(manifest: Manifest): string[] {
	const [from, validate] = KINDS[manifest.kind] ?? [];
	if (from !== manifest.apiVersion || validate === undefined) {
		return WITHOUT_SCHEMA.has(manifest.apiVersion) ? [] : [`no schema of ${manifest.apiVersion} ${manifest.kind}`];
	}
	try {
		validate(manifest as never);
		return [];
	} catch (error) {
		return [(error as Error).message];
	}
}
