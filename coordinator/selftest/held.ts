import { formatMicros, formatShare } from "../report/format.js";
import { type QueueSetting, utilization } from "./erlang.js";

/** What theory has for a queue: a time in milliseconds, or a share. */
export type Theory = (setting: QueueSetting) => number;

/**
 * Why a figure above what is allowed is no fault of the instrument: servers that are held for as long as these were have it
 * too. A timer that fires late, and the taking and acknowledging of a task, keep a server from its next one, and near its
 * limit a queue makes much of little.
 *
 * @param allowed the most that the setting allows
 * @param heldMs how long a task held its server on average, in milliseconds
 */
export function heldExcuse(
	theory: Theory,
	setting: QueueSetting,
	{ measured, allowed, heldMs }: { readonly measured: number; readonly allowed: number; readonly heldMs: number },
): string | undefined {
	if (heldMs <= setting.meanServiceMs) return undefined;
	const held = { ...setting, meanServiceMs: heldMs };
	const share = utilization(held);
	if (share < 1 && measured > (allowed * theory(held)) / theory(setting)) return undefined;
	return `a task held its server for ${formatMicros(heldMs * 1_000)}, so that the servers were ${formatShare(share)} busy`;
}
