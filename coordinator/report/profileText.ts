import { formatBytes, formatMicros, formatQuantity, formatShare } from "./format.js";
import type { Report } from "./schema.js";

type ProfileFigures = Report["profiles"][number];

export const PROFILE_TITLES: Readonly<Record<ProfileFigures["kind"], string>> = {
	cpu: "CPU time",
	mem: "Memory allocated",
};

/** The files that a profile comes with, beside itself. */
export function profileFiles({ kind, file, agents }: ProfileFigures): string[] {
	return agents > 0 ? [file, `${kind}_analysis.txt`, `${kind}_flame.svg`] : [];
}

/** `2.04 s of CPU time by 2 agents: Redis client 43.4%, …`. */
export function profileSentence(profile: ProfileFigures): string {
	const { kind, total, agents, categories } = profile;
	if (agents === 0) return `${PROFILE_TITLES[kind]}: no agent handed a profile in.`;
	const shares = categories.slice(0, 5).map(({ name, value }) => `${name} ${shareOf(value, total)}`);
	const what = kind === "cpu" ? "CPU time" : "memory allocated";
	return `${amount(profile, total)} of ${what} by ${formatQuantity(agents, "agent")}: ${shares.join(", ")}.`;
}

/** Function, value and share, the largest first. */
export function topRows(profile: ProfileFigures): string[][] {
	return profile.top.map(({ name, value }) => [name, amount(profile, value), shareOf(value, profile.total)]);
}

function shareOf(value: number, total: number): string {
	return formatShare(total > 0 ? value / total : 0);
}

function amount({ kind }: ProfileFigures, value: number): string {
	return kind === "cpu" ? formatMicros(value / 1_000) : formatBytes(value);
}
