import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type Pod, podsOf } from "./support/manifestRules.js";
import { NO_KUSTOMIZE, renderManifests } from "./support/manifests.js";
import { LocalCluster } from "./support/pods.js";
import { readReport } from "./support/results.js";
import { ROOT } from "./support/sandbox.js";

const IMAGE = `registry.test/spool-bench@sha256:${"1".repeat(64)}`;
const PLAN = "name: pods\ntasks: 2000\nworkers: 8\npollInterval: 1ms\n";

/** Prints what `kubectl logs` and `kubectl get pods` would. */
const KUBECTL = `#!/bin/sh
case " $* " in
*" logs "*) cat "$KUBECTL_ANSWERS/log" ;;
*" get pods "*) cat "$KUBECTL_ANSWERS/pods.json" ;;
*) exit 9 ;;
esac
`;

let folder: string;
let cluster: LocalCluster;
let pod: (role: string) => Pod;
let rendered: string;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), "pods-"));
	rendered = join(folder, "rendered");
	writeFileSync(join(folder, "plan.yaml"), PLAN);
	const words = ["--image", IMAGE, "--overlay", "one-node", "--plan", join(folder, "plan.yaml"), "--out", rendered];
	execFileSync(process.execPath, [join(ROOT, "scripts", "kubernetes", "render.mjs"), ...words], { stdio: "pipe" });
	const manifests = renderManifests(rendered);
	const pods = podsOf(manifests);
	pod = (role) => {
		const found = pods.find((each) => each.role === role);
		if (!found) throw new Error(`no pod of ${role}`);
		return found;
	};
	cluster = await LocalCluster.of(manifests, folder);
	cluster.start(pod("redis"));
	await expect.poll(() => cluster.accepts(6379), { timeout: 10_000 }).toBe(true);
});

afterEach(async () => {
	await cluster.stop();
	rmSync(folder, { recursive: true });
});

async function isReady(): Promise<boolean> {
	try {
		return (await fetch(`http://127.0.0.1:${cluster.port(9464)}/ready`)).ok;
	} catch {
		return false;
	}
}

describe.skipIf(NO_KUSTOMIZE !== undefined)(
	`a rendered run${NO_KUSTOMIZE === undefined ? "" : `: ${NO_KUSTOMIZE}`}`,
	() => {
		test("goes from its manifests to its report, and the report comes back through the log", {
			timeout: 60_000,
		}, async () => {
			const agents = [cluster.start(pod("agent"), 0), cluster.start(pod("agent"), 1)];
			const coordinator = cluster.start(pod("coordinator"));
			await expect.poll(isReady, { timeout: 20_000 }).toBe(true);
			const code = await coordinator.exited;
			expect([0, 3], coordinator.output()).toContain(code);
			expect(await Promise.all(agents.map(({ exited }) => exited))).toEqual([0, 0]);

			const run = /"app.kubernetes.io\/instance": "(r[0-9a-f]{8})"/.exec(
				readFileSync(join(rendered, "kustomization.yaml"), "utf8"),
			)?.[1] as string;
			const report = readReport(join(coordinator.folder, "results", run));
			const [only] = report.runs;
			expect(only?.perAgent.map(({ index, workers }) => [index, workers])).toEqual([
				[0, 4],
				[1, 4],
			]);
			expect(only?.accounting).toMatchObject({
				balanced: true,
				lostTasks: [],
				byPriority: [{ issued: 2000, completed: 2000, lost: 0 }],
			});
			expect(report.verdict.reasons.map((reason) => reason.code)).not.toContain("insecure");

			const message = JSON.parse(readFileSync(join(coordinator.folder, "dev", "termination-log"), "utf8"));
			expect(message).toMatchObject({ name: "pods", verdict: report.verdict.validity, aborted: report.aborted });

			expect(await fetched(coordinator.output(), { exitCode: code, message: "" })).toBe(code);
			expect(readReport(join(folder, "fetched"))).toMatchObject({
				runs: [{ accounting: { acknowledged: 2000, balanced: true } }],
			});
		});

		test("that is told to end before its agents came exits 4, and there is no result to fetch", {
			timeout: 60_000,
		}, async () => {
			const coordinator = cluster.start(pod("coordinator"));
			await expect.poll(isReady, { timeout: 20_000 }).toBe(true);
			coordinator.process.kill("SIGTERM");
			expect(await coordinator.exited, coordinator.output()).toBe(4);
			expect(await fetched(coordinator.output(), { exitCode: 4, message: "stopped" })).toBe(4);
		});

		async function fetched(log: string, terminated: object): Promise<number | null> {
			writeFileSync(join(folder, "log"), log);
			writeFileSync(
				join(folder, "pods.json"),
				JSON.stringify({ items: [{ status: { containerStatuses: [{ state: { terminated } }] } }] }),
			);
			writeFileSync(join(folder, "kubectl"), KUBECTL);
			chmodSync(join(folder, "kubectl"), 0o755);
			const env = { ...process.env, PATH: `${folder}:${process.env.PATH}`, KUBECTL_ANSWERS: folder };
			const words = [join(ROOT, "scripts", "kubernetes", "fetch.mjs"), rendered, "--out", join(folder, "fetched")];
			const child = spawn(process.execPath, words, { env, stdio: "ignore" });
			const [code] = await once(child, "close");
			return code as number | null;
		}
	},
);
