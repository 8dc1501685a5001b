import { makeProfile } from "../../proto/profile.js";
import type { MergedRun } from "../merge/merged.js";
import { keepMostMs } from "../plan/partition.js";
import { rateSegments } from "../plan/rate.js";
import { sendingEndUs } from "./lostLoad.js";

/** What the plan's rate offers in each of the first seconds, until sending ended. Undefined for a closed loop. */
export function offeredBySecond(run: MergedRun, seconds: number): number[] | undefined {
	const { load } = run.spec;
	if (load.kind !== "open") return undefined;
	const profile = makeProfile(rateSegments(load.rate, { ...load, keepMs: keepMostMs(run.spec) }));
	const endMs = sendingEndUs(run) / 1_000;
	const until = (second: number) => profile.arrivalsBy(Math.min(second * 1_000, endMs));
	return Array.from({ length: seconds }, (_, second) => until(second + 1) - until(second));
}
