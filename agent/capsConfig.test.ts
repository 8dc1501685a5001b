import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { CapsConfigError, type CapsFlags, readCaps } from "./capsConfig.js";

const folder = mkdtempSync(join(tmpdir(), "caps-"));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(text: string): string {
	const path = join(folder, `${files++}.yaml`);
	writeFileSync(path, text);
	return path;
}

/** The lines of what is wrong. */
async function faultsOf(flags: CapsFlags, environment: NodeJS.ProcessEnv = {}): Promise<string[]> {
	try {
		await readCaps(flags, environment);
	} catch (error) {
		if (error instanceof CapsConfigError) return error.message.split("\n");
		throw error;
	}
	return [];
}

describe("caps", () => {
	test("nothing said: nothing is capped, no target is known, no fault may be planted", async () => {
		expect(await readCaps({}, {})).toEqual({ targets: new Map(), allowFaults: false });
	});

	test("each in its unit", async () => {
		const flags = { maxRate: "500", maxConnections: "12", maxDuration: "5m", maxPayload: "64KB", keyPrefixes: "a:,b:" };
		expect(await readCaps(flags, {})).toMatchObject({
			maxRatePerSecond: 500,
			maxConnections: 12,
			maxDurationMs: 300_000,
			maxPayloadBytes: 65_536,
			keyPrefixes: ["a:", "b:"],
		});
	});

	test("a flag goes before the file, which says the rest; numbers may stand bare in it", async () => {
		const config = fileOf("maxRate: 100\nmaxPayload: 1KB\nkeyPrefixes: ['bench:']\n");
		expect(await readCaps({ config, maxRate: "200" }, {})).toMatchObject({
			maxRatePerSecond: 200,
			maxPayloadBytes: 1_024,
			keyPrefixes: ["bench:"],
		});
	});

	test("an empty file is one that says nothing", async () => {
		expect(await faultsOf({ config: fileOf("") })).toEqual([]);
	});

	test("every fault at once, each with its name and what was expected", async () => {
		const faults = await faultsOf({
			maxRate: "fast",
			maxConnections: "0",
			maxDuration: "5",
			maxPayload: "-1",
			keyPrefixes: ",",
		});
		expect(faults).toEqual([
			expect.stringMatching(/^maxRate: expected tasks a second, such as 500, got "fast"$/),
			expect.stringMatching(/^maxConnections: expected a whole number above 0/),
			expect.stringMatching(/^maxDuration: expected a time/),
			expect.stringMatching(/^maxPayload: expected a size/),
			expect.stringMatching(/^keyPrefixes: expected one or more/),
		]);
	});
});

describe("the file", () => {
	test.each([
		["is not there", join(folder, "nowhere.yaml"), /cannot read .*nowhere\.yaml: there is no such file$/],
		["is a folder", folder, /cannot read .*: EISDIR$/],
		["has an unknown key", fileOf("maxRates: 5\n"), /Unrecognized key.*maxRates/],
		["has no prefix in its list", fileOf("keyPrefixes: []\n"), /keyPrefixes: /],
		["is a list", fileOf("- 1\n"), /expected object/],
	])("that %s is refused with its path", async (_, config, sentence) => {
		expect(await faultsOf({ config })).toEqual([expect.stringMatching(sentence)]);
		expect((await faultsOf({ config }))[0]).toContain(config);
	});

	test("that is no YAML is refused without what it holds", async () => {
		const [fault = ""] = await faultsOf({ config: fileOf('targets: {home: "redis://:s3cret@h/0\n') });
		expect(fault).toMatch(/^cannot read /);
		expect(fault).not.toContain("s3cret");
	});
});

describe("targets", () => {
	const config = fileOf("targets:\n  home: redis://a:6379\n  lab: redis://b:6379\n");

	test("of the environment go before those of the file", async () => {
		const { targets } = await readCaps({ config }, { SPOOLBENCH_TARGET_HOME: "redis://c:6379" });
		expect([...targets]).toEqual([
			["home", "redis://c:6379"],
			["lab", "redis://b:6379"],
		]);
	});

	test("that are no URL, or whose name is none, are refused without a password", async () => {
		const environment = { SPOOLBENCH_TARGET_HOME: "http://:s3cret@h", "SPOOLBENCH_TARGET_A B": "redis://h" };
		const faults = await faultsOf({}, environment);
		expect(faults).toEqual([
			expect.stringMatching(/^targets: "home": /),
			expect.stringMatching(/^targets: "a b": is no name for a target$/),
		]);
		expect(faults.join()).not.toContain("s3cret");
	});
});
