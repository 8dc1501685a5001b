import type { OpenLoad, Slice } from "../proto/gen/slice.js";
import { hidePasswords, targetAlias } from "../proto/redisUrl.js";
import { connectionsOf } from "./engines.js";

/** What an agent's own configuration lets a coordinator do with it. Undefined: no bound of its own. */
export interface Caps {
	/** Tasks a second that this agent sends. */
	readonly maxRatePerSecond: number | undefined;
	/** To Redis. */
	readonly maxConnections: number | undefined;
	/** From the first task to the last. */
	readonly maxDurationMs: number | undefined;
	readonly maxPayloadBytes: number | undefined;
	/** A run's key prefix must begin with one of them. */
	readonly keyPrefixes: readonly string[] | undefined;
	/** Redis URLs by alias. Where there is one, these are the only targets. */
	readonly targets: ReadonlyMap<string, string>;
	/** Takes part in a self-test, which plants faults. */
	readonly allowFaults: boolean;
}

/** A slice that asks for more than this agent may do; the message names each cap, without passwords. */
export class CapsError extends Error {}

/**
 * Lets a slice in whose every demand is within the caps, before anything is opened or sent.
 *
 * @returns the slice with its target's alias resolved
 * @throws CapsError
 */
export function admitSlice(slice: Slice, caps: Caps): Slice {
	const faults = [
		beyond("sends", ratePerSecond(slice), "tasks/s", caps.maxRatePerSecond),
		beyond("sends for", durationMs(slice), "ms", caps.maxDurationMs),
		beyond("opens", { amount: connectionsOf(slice) }, "connections to Redis", caps.maxConnections),
		beyond("sends payloads of", { amount: payloadBytes(slice) }, "bytes", caps.maxPayloadBytes),
		prefixFault(slice.target?.keyPrefix ?? "", caps.keyPrefixes),
		slice.faults && !caps.allowFaults ? "it plants faults, which only a self-test may (--allow-faults)" : undefined,
	].filter((fault) => fault !== undefined);
	const target = slice.target && { ...slice.target };
	if (target) {
		const resolved = resolve(target.url, caps.targets);
		if ("fault" in resolved) faults.push(resolved.fault);
		else target.url = resolved.url;
	}
	if (faults.length > 0) {
		throw new CapsError(`the plan asks for more than this agent's own configuration allows: ${faults.join("; ")}`);
	}
	return { ...slice, target };
}

/** What a slice comes to, or why that cannot be said before it runs. */
type Demand = { readonly amount: number } | { readonly unbounded: string };

function beyond(verb: string, demand: Demand, unit: string, cap: number | undefined): string | undefined {
	if (cap === undefined) return undefined;
	if ("unbounded" in demand) return `${demand.unbounded}, where at most ${cap} ${unit} are allowed`;
	if (demand.amount <= cap) return undefined;
	return `it ${verb} ${Number(demand.amount.toPrecision(6))} ${unit}, where at most ${cap} are allowed`;
}

function ratePerSecond({ load }: Slice): Demand {
	if (load?.kind?.$case === "open") return { amount: peakRatePerSecond(load.kind.value) };
	return { unbounded: "it sends as fast as the queue acknowledges (a closed loop has no rate)" };
}

/** The agent's share at the profile's steepest. */
function peakRatePerSecond({ profile, shareCount }: OpenLoad): number {
	const peaks = profile.map(({ fromPerSecond, toPerSecond, sinePerSecond }) => {
		return Math.max(fromPerSecond, toPerSecond) + Math.abs(sinePerSecond);
	});
	return Math.max(0, ...peaks) / Math.max(1, shareCount);
}

function durationMs({ load }: Slice): Demand {
	const unbounded = { unbounded: "it has no time limit (a task count takes one from the plan's duration)" };
	switch (load?.kind?.$case) {
		case "open":
			return { amount: load.kind.value.profile.reduce((sum, segment) => sum + segment.durationMs, 0) };
		case "timed":
			return { amount: load.kind.value.durationMs };
		case "taskCount":
			return load.kind.value.limitMs > 0 ? { amount: load.kind.value.limitMs } : unbounded;
		case undefined:
			return unbounded;
	}
}

function payloadBytes({ task }: Slice): number {
	return Math.max(0, ...(task?.payload ?? []).map(({ mostBytes }) => mostBytes));
}

function prefixFault(prefix: string, allowed: readonly string[] | undefined): string | undefined {
	if (allowed === undefined || allowed.some((one) => prefix.startsWith(one))) return undefined;
	return `its key prefix ${JSON.stringify(prefix)} begins with none of ${allowed.map((one) => JSON.stringify(one)).join(", ")}`;
}

function resolve(url: string, targets: ReadonlyMap<string, string>): { url: string } | { fault: string } {
	const alias = targetAlias(url);
	const known = [...targets.keys()].join(", ");
	if (alias === undefined) {
		if (targets.size === 0) return { url };
		return { fault: `its target is ${hidePasswords(url)}, where only these are allowed: ${known}` };
	}
	const resolved = targets.get(alias);
	if (resolved !== undefined) return { url: resolved };
	return { fault: `its target ${alias} is not among this agent's (${known || "it has none"})` };
}
