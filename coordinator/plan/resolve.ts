import type { z } from "zod";
import { choose, planOf } from "./choose.js";
import { crossCheck } from "./crossCheck.js";
import type { Plan } from "./plan.js";
import { PRESETS } from "./presets.js";
import { found, type Problem } from "./problem.js";
import { filePath, type PlanFile, readPlanFile } from "./schema.js";
import {
	environmentName,
	flagName,
	SETTING_KEYS,
	SETTINGS,
	type SettingKey,
	type Settings,
	type SomeSettings,
} from "./settings.js";

import { readTargets, SPOOL_TARGETS, type Targets } from "./targets.js";
import { isWhole } from "./yamlFile.js";

/** What was typed on the command line, setting by setting, as text; a switch is "true". */
export type FlagValues = { readonly [Key in SettingKey]?: string };

export interface PlanSources {
	readonly file?: { readonly path: string; readonly text: string };
	readonly flags: FlagValues;
	readonly environment: NodeJS.ProcessEnv;
	/** Draws the order of repeated runs where the user gives no seed. Default: 0. */
	readonly seed?: number;
	/** Reads the file that `targets` may name. @throws Error with a sentence */
	readonly readText?: (path: string) => string;
}

/** Where each setting's value came from: `--workers`, `SPOOLBENCH_WORKERS`, `plan.yaml:7:3`, `quick preset` or `default`. */
export type Origins = Readonly<Record<SettingKey, string>>;

export type Resolution =
	| { readonly ok: true; readonly plan: Plan; readonly origins: Origins }
	| { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Makes a plan of all that was said: flag before environment before plan file before preset before default. REDIS_URL is
 * no variable of ours, so it comes after the plan file.
 *
 * @returns the plan, or every problem of all sources at once
 */
export function resolvePlan(sources: PlanSources): Resolution {
	const { flags, environment } = sources;
	const said: Source[] = [
		textSource((key) => flags[key], flagName),
		textSource((key) => environment[environmentName(key)], environmentName),
		...(sources.file ? [fileSource(readPlanFile(sources.file.path, sources.file.text))] : []),
		textSource(
			(key) => (key === "redis" ? environment.REDIS_URL : undefined),
			() => "REDIS_URL",
		),
	];
	const user = overlay(said.map((source) => source.settings));
	const chosen = choose(user);
	const plan = planOf(chosen, sources.seed ?? 0);
	const where = (key: SettingKey) => first(said, (source) => source.where(key)) ?? key;

	const targets = findTargets(chosen.targets, sources.readText);
	const problems = said.flatMap((source) => source.problems);
	// A setting that was not understood is judged no further: what stands in for it is not what the user meant.
	const doubtful = new Set(problems.map((problem) => problem.where));
	const conflicts = crossCheck(chosen, plan.runs)
		.filter(({ concerns }) => !concerns.some((key) => doubtful.has(where(key))))
		.map(({ concerns: [key], message }) => ({ where: where(key), message }));
	const missed = targets.problems.map((problem) => ({
		where: problem.where ?? where("targets"),
		message: problem.message,
	}));
	const all = [...problems, ...conflicts, ...missed];
	if (all.length > 0) return { ok: false, problems: all };

	const origin = (key: SettingKey) => {
		const preset = PRESETS[chosen.type][key] === undefined ? "default" : `${chosen.type} preset`;
		return first(said, (source) => source.origin(key)) ?? preset;
	};
	const origins = Object.fromEntries(SETTING_KEYS.map((key) => [key, origin(key)])) as Record<SettingKey, string>;
	return { ok: true, plan: { ...plan, targets: targets.targets }, origins };
}

interface FoundTargets {
	readonly targets: Targets | undefined;
	/** Without a place: where the file is named. */
	readonly problems: readonly { readonly where: string | undefined; readonly message: string }[];
}

function findTargets(name: string | undefined, readText: PlanSources["readText"]): FoundTargets {
	if (name === undefined) return { targets: undefined, problems: [] };
	if (name === SPOOL_TARGETS.name) return { targets: SPOOL_TARGETS, problems: [] };
	try {
		if (!readText) throw new Error("nobody reads files here");
		return readTargets(name, readText(name));
	} catch (error) {
		const message = `expected spool or a file of targets: ${(error as Error).message}`;
		return { targets: undefined, problems: [{ where: undefined, message }] };
	}
}

interface Source {
	readonly settings: SomeSettings;
	readonly problems: readonly Problem[];
	/** Undefined where this source does not give the setting. */
	origin(key: SettingKey): string | undefined;
	/** What a problem with the setting begins with. */
	where(key: SettingKey): string | undefined;
}

function first<T>(sources: readonly Source[], look: (source: Source) => T | undefined): T | undefined {
	return sources.map(look).find((result) => result !== undefined);
}

function fileSource(file: PlanFile): Source {
	const origin = (key: SettingKey) => file.places.get(key);
	const where = (key: SettingKey) => {
		const place = origin(key);
		return place && `${place} ${filePath(key).join(".")}`;
	};
	return { ...file, origin, where };
}

/** A source of texts by setting; an empty one is as good as none. */
function textSource(textOf: (key: SettingKey) => string | undefined, nameOf: (key: SettingKey) => string): Source {
	const settings: Partial<Record<SettingKey, unknown>> = {};
	const problems: Problem[] = [];
	for (const key of SETTING_KEYS) {
		const text = textOf(key);
		if (!text) continue;
		const result = SETTINGS[key].safeParse(text);
		if (result.success) settings[key] = result.data;
		else {
			for (const issue of oneOrWhole(result.error.issues)) {
				const message = isWhole(issue) ? issue.message : `${issue.message}, ${found(text)}`;
				problems.push({ where: nameOf(key), message });
			}
		}
	}
	const where = (key: SettingKey) => (textOf(key) ? nameOf(key) : undefined);
	return { settings: settings as SomeSettings, problems, origin: where, where };
}

/** Of issues that do not stand by themselves the first tells enough. */
function oneOrWhole(issues: readonly z.core.$ZodIssue[]): readonly z.core.$ZodIssue[] {
	return issues.every(isWhole) ? issues : issues.slice(0, 1);
}

/** @param layers the strongest first */
function overlay(layers: readonly SomeSettings[]): Partial<Settings> {
	const given = layers
		.toReversed()
		.flatMap((layer) => Object.entries(layer).filter(([, value]) => value !== undefined));
	return Object.fromEntries(given);
}
