import { Outcome } from "../../proto/gen/measurement.js";
import { BITS_SET, type LedgerPages, PAGE_BITS } from "../../proto/ledger.js";

/** Numbers of distinct tasks. Each task that is anywhere is counted once: settled goes before queued, queued before held. */
export interface Tally {
	issued: number;
	rejected: number;
	unknown: number;
	unknownObserved: number;
	completed: number;
	deadLettered: number;
	remaining: number;
	held: number;
	/** Found anywhere, but beyond what was issued. */
	notIssued: number;
	/** Completed or dead-lettered, whether issued or not. */
	settled: number;
	/** Issued, not refused, its enqueue not unknown, and nowhere. */
	missing: number;
}

const NO_BITS = new Uint8Array(PAGE_BITS / 8);

/** A page of each outcome; all zeros where there is none. */
function pagesOf(ledger: LedgerPages, producer: number, number: number) {
	const bits = (outcome: Outcome) => ledger.page(producer, outcome, number) ?? NO_BITS;
	return {
		rejected: bits(Outcome.REJECTED),
		unknown: bits(Outcome.UNKNOWN),
		completed: bits(Outcome.COMPLETED),
		deadLettered: bits(Outcome.DEAD_LETTERED),
		remaining: bits(Outcome.REMAINING),
		held: bits(Outcome.HELD),
	};
}

/** Over one producer's tasks, of which it issued the first `issued`. */
export function tallyOf(ledger: LedgerPages, producer: number, issued: number): Tally {
	const tally = emptyTally();
	tally.issued = issued;
	let notMissing = 0;
	const count = (bits: number) => BITS_SET[bits] as number;
	for (const number of ledger.pageNumbers(producer)) {
		const pages = pagesOf(ledger, producer, number);
		for (let at = 0; at < NO_BITS.length; at++) {
			const byte = (page: Uint8Array) => page[at] as number;
			const isIssued = issuedMask(issued - number * PAGE_BITS - at * 8);
			const settled = byte(pages.completed) | byte(pages.deadLettered);
			const queued = settled | byte(pages.remaining);
			const observed = queued | byte(pages.held);
			const rejected = byte(pages.rejected) & isIssued;
			const unknown = byte(pages.unknown) & isIssued & ~rejected;
			tally.rejected += count(rejected);
			tally.unknown += count(unknown);
			tally.unknownObserved += count(unknown & observed);
			tally.completed += count(byte(pages.completed) & isIssued);
			tally.deadLettered += count(settled & ~byte(pages.completed) & isIssued);
			tally.remaining += count(queued & ~settled & isIssued);
			tally.held += count(observed & ~queued & isIssued);
			tally.notIssued += count(observed & ~isIssued);
			tally.settled += count(settled);
			notMissing += count((observed & isIssued) | rejected | unknown);
		}
	}
	tally.missing = issued - notMissing;
	return tally;
}

/** The low `bits` bits of a byte. */
function issuedMask(bits: number): number {
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
		notIssued: 0,
		settled: 0,
		missing: 0,
	};
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

/** The first sequence numbers that no page names. */
export function firstMissing(ledger: LedgerPages, producer: number, issued: number, limit: number): number[] {
	const missing: number[] = [];
	for (let number = 0; number * PAGE_BITS < issued && missing.length < limit; number++) {
		const pages = Object.values(pagesOf(ledger, producer, number));
		for (let at = 0; at < NO_BITS.length; at++) {
			const named = pages.reduce((bits, page) => bits | (page[at] as number), 0);
			pushBits(missing, ~named & issuedMask(issued - number * PAGE_BITS - at * 8), number * PAGE_BITS + at * 8, limit);
		}
	}
	return missing;
}

/** The first issued sequence numbers that are held, and neither settled nor in a queue. */
export function firstHeld(ledger: LedgerPages, producer: number, issued: number, limit: number): number[] {
	const held: number[] = [];
	for (const number of limit > 0 ? ledger.pageNumbers(producer) : []) {
		const pages = pagesOf(ledger, producer, number);
		for (let at = 0; at < NO_BITS.length; at++) {
			const elsewhere =
				(pages.completed[at] as number) | (pages.deadLettered[at] as number) | (pages.remaining[at] as number);
			const bits = (pages.held[at] as number) & ~elsewhere & issuedMask(issued - number * PAGE_BITS - at * 8);
			pushBits(held, bits, number * PAGE_BITS + at * 8, limit);
		}
	}
	return held;
}

function pushBits(sequences: number[], bits: number, first: number, limit: number): void {
	for (let bit = 0; bit < 8 && bits !== 0; bit++) {
		if ((bits & (1 << bit)) !== 0 && sequences.length < limit) sequences.push(first + bit);
	}
}
