import { Outcome } from "../../proto/gen/measurement.js";
import { BITS_SET, type LedgerPages, PAGE_BITS } from "../../proto/ledger.js";

/**
 * Numbers of distinct tasks. Each task that is anywhere is counted once: settled goes before queued, queued before settled by
 * its record, that before held.
 */
export interface Tally {
	issued: number;
	rejected: number;
	unknown: number;
	unknownObserved: number;
	completed: number;
	deadLettered: number;
	remaining: number;
	held: number;
	/** By their records alone: nobody told that they were settled. */
	recordedCompleted: number;
	recordedDeadLettered: number;
	/** Found anywhere, but beyond what was issued. */
	notIssued: number;
	/** Completed or dead-lettered by an agent's word, whether issued or not. */
	settled: number;
	/** Certainly acknowledged, and certainly nowhere. */
	lost: number;
	/** Neither refused nor of unknown enqueue, nowhere, and nobody can say that they are lost. */
	unaccounted: number;
}

/** What is known of a producer. */
export interface Progress {
	/** Sequence numbers 0 … issued-1 were begun. */
	readonly issued: number;
	/** Below this, a task that no page names was acknowledged. */
	readonly acknowledgedBelow: number;
	/** Below this, so was one that no page names but whose record is open. */
	readonly acknowledgedByRecordBelow: number;
	/** Nobody but who has told settled its tasks, or their records were read. */
	readonly settlementsKnown: boolean;
}

/** The tasks of one kind that nobody settled. */
export type Fate = "lost" | "held" | "unaccounted";

export const BYTES = PAGE_BITS / 8;
const NO_BITS = new Uint8Array(BYTES);

/** A page of each outcome; all zeros where there is none. */
type Pages = Readonly<Record<keyof typeof OUTCOME_OF, Uint8Array>>;

const OUTCOME_OF = {
	rejected: Outcome.REJECTED,
	unknown: Outcome.UNKNOWN,
	completed: Outcome.COMPLETED,
	deadLettered: Outcome.DEAD_LETTERED,
	remaining: Outcome.REMAINING,
	held: Outcome.HELD,
	recordedCompleted: Outcome.RECORDED_COMPLETED,
	recordedDeadLettered: Outcome.RECORDED_DEAD_LETTERED,
	recordedOpen: Outcome.RECORDED_OPEN,
} as const;

function pagesOf(ledger: LedgerPages, producer: number, number: number): Pages {
	const pages = Object.entries(OUTCOME_OF).map(([name, outcome]) => [
		name,
		ledger.page(producer, outcome, number) ?? NO_BITS,
	]);
	return Object.fromEntries(pages) as Pages;
}

/** The fates of eight tasks, a bit each. */
interface Fates {
	readonly settled: number;
	readonly completed: number;
	readonly remaining: number;
	readonly recordedCompleted: number;
	readonly recordedDeadLettered: number;
	readonly held: number;
	/** Anywhere of the above. */
	readonly observed: number;
	readonly rejected: number;
	readonly unknown: number;
	readonly lost: number;
	readonly unaccounted: number;
}

/** @param first the sequence number of the first of the eight */
function fatesOf(pages: Pages, at: number, first: number, progress: Progress): Fates {
	const bits = (page: Uint8Array) => page[at] as number;
	const isIssued = lowBits(progress.issued - first);
	const completed = bits(pages.completed);
	const settled = completed | bits(pages.deadLettered);
	const remaining = bits(pages.remaining) & ~settled;
	const queued = settled | remaining;
	const recordedCompleted = bits(pages.recordedCompleted) & ~queued;
	const recordedDeadLettered = bits(pages.recordedDeadLettered) & ~queued & ~recordedCompleted;
	const recorded = queued | recordedCompleted | recordedDeadLettered;
	const held = bits(pages.held) & ~recorded;
	const observed = recorded | held;
	const rejected = bits(pages.rejected) & isIssued;
	const unknown = bits(pages.unknown) & isIssued & ~rejected;
	const missing = isIssued & ~observed & ~rejected & ~unknown;
	const acknowledged =
		lowBits(progress.acknowledgedBelow - first) |
		(lowBits(progress.acknowledgedByRecordBelow - first) & bits(pages.recordedOpen));
	const lost = progress.settlementsKnown ? missing & acknowledged : 0;
	const unaccounted = missing & ~lost;
	return {
		settled,
		completed,
		remaining,
		recordedCompleted,
		recordedDeadLettered,
		held,
		observed,
		rejected,
		unknown,
		lost,
		unaccounted,
	};
}

/** Which bits of a page's bytes belong to a group, such as the tasks of one priority; undefined: all. */
export type GroupMask = (page: number) => Uint8Array;

/** Over one producer's tasks, or those of them that `mask` selects. */
export function tallyOf(ledger: LedgerPages, producer: number, progress: Progress, mask?: GroupMask): Tally {
	const tally = emptyTally();
	const { issued } = progress;
	const numbers = ledger.pageNumbers(producer);
	for (const number of numbers) {
		const pages = pagesOf(ledger, producer, number);
		const selected = mask?.(number);
		for (let at = 0; at < BYTES; at++) {
			const first = number * PAGE_BITS + at * 8;
			countFates(
				tally,
				fatesOf(pages, at, first, progress),
				lowBits(issued - first),
				selected ? (selected[at] as number) : 0xff,
			);
		}
	}
	if (!mask) countUnnamed(tally, progress, numbers);
	return tally;
}

const count = (bits: number) => BITS_SET[bits & 0xff] as number;

function countFates(tally: Tally, fates: Fates, isIssued: number, selected: number): void {
	const issued = isIssued & selected;
	tally.issued += count(issued);
	tally.rejected += count(fates.rejected & selected);
	tally.unknown += count(fates.unknown & selected);
	tally.unknownObserved += count(fates.unknown & fates.observed & selected);
	tally.completed += count(fates.completed & issued);
	tally.deadLettered += count(fates.settled & ~fates.completed & issued);
	tally.remaining += count(fates.remaining & issued);
	tally.recordedCompleted += count(fates.recordedCompleted & issued);
	tally.recordedDeadLettered += count(fates.recordedDeadLettered & issued);
	tally.held += count(fates.held & issued);
	tally.notIssued += count(fates.observed & ~isIssued & selected);
	tally.settled += count(fates.settled & selected);
	tally.lost += count(fates.lost & selected);
	tally.unaccounted += count(fates.unaccounted & selected);
}

/** The tasks of pages that do not exist: none of them is anywhere. By arithmetic, however many they are. */
function countUnnamed(tally: Tally, progress: Progress, named: readonly number[]): void {
	const within = (end: number) =>
		named.reduce((sum, number) => sum + Math.min(PAGE_BITS, Math.max(0, end - number * PAGE_BITS)), 0);
	const unnamed = progress.issued - within(progress.issued);
	const end = Math.min(progress.acknowledgedBelow, progress.issued);
	const lost = progress.settlementsKnown ? end - within(end) : 0;
	tally.issued += unnamed;
	tally.lost += lost;
	tally.unaccounted += unnamed - lost;
}

/** The low `bits` bits of a byte. */
function lowBits(bits: number): number {
	return bits >= 8 ? 0xff : bits <= 0 ? 0 : (1 << bits) - 1;
}

export function emptyTally(): Tally {
	return {
		issued: 0,
		rejected: 0,
		unknown: 0,
		unknownObserved: 0,
		completed: 0,
		deadLettered: 0,
		remaining: 0,
		held: 0,
		recordedCompleted: 0,
		recordedDeadLettered: 0,
		notIssued: 0,
		settled: 0,
		lost: 0,
		unaccounted: 0,
	};
}

export function addTally(sum: Tally, tally: Tally): void {
	for (const name of Object.keys(sum) as (keyof Tally)[]) sum[name] += tally[name];
}

/** The last sequence number that any page names, or -1. */
export function lastSequence(ledger: LedgerPages, producer: number): number {
	for (const number of ledger.pageNumbers(producer).reverse()) {
		const pages = Object.values(pagesOf(ledger, producer, number));
		for (let bit = PAGE_BITS - 1; bit >= 0; bit--) {
			if (pages.some((page) => ((page[bit >>> 3] as number) & (1 << (bit & 7))) !== 0)) return number * PAGE_BITS + bit;
		}
	}
	return -1;
}

/** The sequence numbers of a producer's first tasks of one fate, at most `limit` of them. */
export function sequencesOf(
	fate: Fate,
	ledger: LedgerPages,
	producer: number,
	progress: Progress,
	limit: number,
): number[] {
	const found: number[] = [];
	for (const number of pageNumbersOf(fate, ledger.pageNumbers(producer), progress)) {
		if (found.length >= limit) break;
		const pages = pagesOf(ledger, producer, number);
		for (let at = 0; at < BYTES; at++) {
			const first = number * PAGE_BITS + at * 8;
			let bits = fatesOf(pages, at, first, progress)[fate] & lowBits(progress.issued - first);
			for (let bit = 0; bits !== 0 && found.length < limit; bit++, bits >>>= 1) {
				if ((bits & 1) !== 0) found.push(first + bit);
			}
		}
	}
	return found;
}

/** The pages that may hold a task of this fate, in ascending order: those that exist, and those that need not to. */
function* pageNumbersOf(fate: Fate, named: readonly number[], progress: Progress): Generator<number> {
	const { issued, acknowledgedBelow, settlementsKnown } = progress;
	const lostEnd = settlementsKnown ? Math.min(acknowledgedBelow, issued) : 0;
	const [from, to] = fate === "held" ? [0, 0] : fate === "lost" ? [0, lostEnd] : [lostEnd, issued];
	let next = Math.floor(from / PAGE_BITS);
	const end = Math.ceil(to / PAGE_BITS);
	for (const number of named) {
		for (; next < Math.min(number, end); next++) yield next;
		yield number;
		next = Math.max(next, number + 1);
	}
	for (; next < end; next++) yield next;
}
