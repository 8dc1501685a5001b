import { open, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { Command } from "commander";
import { analysisText } from "../profile/analysisText.js";
import { diffSvg, diffText, pairProfiles } from "../profile/diff.js";
import { flameSvg } from "../profile/flame.js";
import { readPprof } from "../profile/pprof.js";
import { ProfileError, type StackProfile, valueIndex } from "../profile/stackProfile.js";
import { valueTitle } from "../profile/values.js";
import { reasonOf } from "../results/folder.js";

const EXIT_BAD_INPUT = 2;
const MAX_FILE_BYTES = 256 * 1024 * 1024;

interface Flags {
	readonly value?: string;
	readonly out?: string;
	readonly count?: string;
}

/** `coordinator profile top|flame|diff`: reads profiles in pprof's format, whoever took them. */
export function profileCommand(): Command {
	const command = new Command("profile")
		.description("read profiles: tables, flame graphs, what changed between two")
		.addHelpText(
			"after",
			`
Examples:
  coordinator profile top benchmark_results/run_…/cpu.prof            20 functions, shares by category
  coordinator profile flame mem.prof --out mem.svg                    a picture for any browser
  coordinator profile diff before/cpu.prof after/cpu.prof --out d.svg what a change did, by task

FILE is pprof's format, gzipped or not, as go tool pprof reads and writes it.`,
		);
	const verb = (name: string, files: string, description: string) =>
		command
			.command(`${name} ${files}`)
			.description(description)
			.option("--value <type>", "which of the profile's values, such as cpu, wall or alloc_space")
			.exitOverride();
	verb("top", "<file>", "functions that take the most, and shares by category")
		.option("--count <n>", "functions a table", "20")
		.action((file: string, flags: Flags, self: Command) => guarded(self, () => printTop(file, flags)));
	verb("flame", "<file>", "a flame graph in SVG")
		.option("--out <file>", "write it there, else to stdout")
		.action((file: string, flags: Flags, self: Command) => guarded(self, () => flame(file, flags)));
	verb("diff", "<baseline> <candidate>", "what takes more and less in the candidate, by task where the profiles tell")
		.option("--count <n>", "functions in the table", "20")
		.option("--out <file>", "write a flame graph of the difference there too: red is more, blue is less")
		.action((before: string, after: string, flags: Flags, self: Command) =>
			guarded(self, () => diff(before, after, flags)),
		);
	return command;
}

async function guarded(command: Command, act: () => Promise<void>): Promise<void> {
	try {
		await act();
	} catch (error) {
		if (!(error instanceof ProfileError)) throw error;
		command.error(`coordinator profile: ${error.message}`, { exitCode: EXIT_BAD_INPUT });
	}
}

async function printTop(file: string, flags: Flags): Promise<void> {
	const count = countOf(flags);
	const profile = await readProfile(file);
	await print(analysisText(file, profile, valueFor(file, profile, flags), count));
}

async function flame(file: string, flags: Flags): Promise<void> {
	const profile = await readProfile(file);
	const value = valueFor(file, profile, flags);
	const svg = flameSvg(`${valueTitle(profile.valueTypes[value]?.type ?? "")}: ${basename(file)}`, profile, value);
	if (flags.out === undefined) await print(svg);
	else await save(flags.out, svg);
}

async function diff(before: string, after: string, flags: Flags): Promise<void> {
	const count = countOf(flags);
	const [baseline, candidate] = [await readProfile(before), await readProfile(after)];
	const pair = pairProfiles(baseline, candidate, flags.value);
	await print(diffText(pair, count));
	if (flags.out !== undefined) await save(flags.out, diffSvg(`${before} → ${after}`, pair));
}

function valueFor(file: string, profile: StackProfile, { value }: Flags): number {
	return named(file, () => valueIndex(profile, value));
}

function countOf({ count = "" }: Flags): number {
	if (/^[1-9]\d{0,3}$/.test(count)) return Number(count);
	throw new ProfileError(`--count: expected a whole number from 1 to 9,999, got "${count}"`);
}

async function readProfile(file: string): Promise<StackProfile> {
	const bytes = await readBounded(file);
	return named(file, () => readPprof(bytes));
}

/** Puts the file's name before what is wrong with it. */
function named<T>(file: string, read: () => T): T {
	try {
		return read();
	} catch (error) {
		if (!(error instanceof ProfileError)) throw error;
		throw new ProfileError(`${file}: ${error.message}`, { cause: error });
	}
}

async function readBounded(file: string): Promise<Buffer> {
	try {
		const handle = await open(file, "r");
		try {
			const status = await handle.stat();
			if (status.isDirectory()) throw new ProfileError(`${file} is a folder: name the profile in it, such as cpu.prof`);
			if (status.size > MAX_FILE_BYTES) throw new ProfileError(`${file} is larger than ${MAX_FILE_BYTES} bytes`);
			return await handle.readFile();
		} finally {
			await handle.close();
		}
	} catch (error) {
		if (error instanceof ProfileError) throw error;
		throw new ProfileError(`cannot read ${file}: ${reasonOf(error)}`, { cause: error });
	}
}

async function save(file: string, text: string): Promise<void> {
	try {
		await writeFile(file, text);
	} catch (error) {
		throw new ProfileError(`cannot write ${file}: ${reasonOf(error)}`, { cause: error });
	}
	process.stderr.write(`saved in ${file}\n`);
}

/** Resolves when the text is out; a reader that has gone away (`| head`) is no error. */
async function print(text: string): Promise<void> {
	await new Promise<void>((done) => {
		process.stdout.once("error", () => done());
		process.stdout.write(text, () => done());
	});
}
