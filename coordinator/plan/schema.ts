import { z } from "zod";
import type { Problem } from "./problem.js";
import { SETTING_KEYS, SETTINGS, type SettingKey, type SomeSettings } from "./settings.js";
import { suggest } from "./suggest.js";
import { faultsOf, readYaml, without } from "./yamlFile.js";

const { taskType, payload, priority, maxRetries, timeout, ...top } = SETTINGS;
const task = z.strictObject({ type: taskType, payload, priority, maxRetries, timeout }).partial();

/** A plan file as it is written. */
export const planFileSchema = z
	.strictObject({ ...top, task: task.meta({ description: "What is sent." }) })
	.partial()
	.meta({ title: "Spool Bench plan" });

/** Where a setting stands in a plan file. */
export function filePath(key: SettingKey): readonly string[] {
	if (key === "taskType") return ["task", "type"];
	return key !== "type" && key in task.shape ? ["task", key] : [key];
}

export interface PlanFile {
	/** What could be understood. */
	readonly settings: SomeSettings;
	/** `plan.yaml:7:3`, for every setting that the file gives, understood or not. */
	readonly places: ReadonlyMap<SettingKey, string>;
	readonly problems: readonly Problem[];
}

/** Reads a plan file, YAML or JSON. Tells every problem with its place; what is right beside them is still returned. */
export function readPlanFile(path: string, text: string): PlanFile {
	const file = readYaml(path, text);
	if (file.syntax.length > 0) return { settings: {}, places: new Map(), problems: file.syntax };
	const checked = planFileSchema.safeParse(file.written);
	const faults = checked.error?.issues.flatMap((issue) => faultsOf(issue, file.written, unknownKey)) ?? [];
	const right = without(
		file.written,
		faults.map(({ keys }) => keys),
	);
	const settings = planFileSchema.safeParse(right).data ?? {};
	const places = SETTING_KEYS.flatMap((key): [SettingKey, string][] => {
		const keys = filePath(key);
		return file.has(keys) ? [[key, file.placeOf(keys)]] : [];
	});
	return { settings: flatten(settings), places: new Map(places), problems: file.problemsOf(faults) };
}

function flatten({ task = {}, ...rest }: z.output<typeof planFileSchema>): SomeSettings {
	const { type, ...others } = task;
	return { ...rest, ...others, taskType: type };
}

/** Says where the key belongs when it is only misplaced or misspelt. */
function unknownKey(parents: readonly PropertyKey[], key: string): string {
	const here = Object.keys(parents.length > 0 ? task.shape : planFileSchema.shape);
	const near = suggest(key, here);
	if (near !== undefined) return `unknown key; did you mean ${near}?`;
	const elsewhere = suggest(key, SETTING_KEYS);
	if (elsewhere === undefined) return `unknown key; expected one of ${here.join(", ")}`;
	return `unknown key here; did you mean ${filePath(elsewhere).join(".")}${parents.length > 0 ? " at the top" : ""}?`;
}
