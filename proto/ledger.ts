import { type LedgerPage, Outcome } from "./gen/measurement.js";
import { MAX_PRODUCERS, MAX_SEQUENCE } from "./taskid.js";

export const PAGE_BITS = 8_192;
const PAGE_BYTES = PAGE_BITS / 8;
const MAX_PAGE = Math.floor(MAX_SEQUENCE / PAGE_BITS);

/** A page that cannot be one of a ledger; the message says why. */
export class LedgerError extends Error {}

interface Page {
	readonly bits: Uint8Array;
	changed: boolean;
}

/**
 * Which tasks met which outcome: a bitmap for each (producer, outcome) over the producer's sequence numbers, in pages that
 * come into being with their first bit. A million tasks take 125 KB. Ledgers are merged by OR.
 */
export class LedgerPages {
	/** By producer and outcome, then by page number. */
	readonly #bitmaps = new Map<number, Map<number, Page>>();

	/** @returns whether the bit was not set before */
	set(producer: number, outcome: Outcome, sequence: number): boolean {
		const page = this.#pageFor(producer, outcome, Math.floor(sequence / PAGE_BITS));
		const bit = sequence & (PAGE_BITS - 1);
		const byte = page.bits[bit >>> 3] as number;
		const mask = 1 << (bit & 7);
		if ((byte & mask) !== 0) return false;
		page.bits[bit >>> 3] = byte | mask;
		page.changed = true;
		return true;
	}

	has(producer: number, outcome: Outcome, sequence: number): boolean {
		const bits = this.page(producer, outcome, Math.floor(sequence / PAGE_BITS));
		const bit = sequence & (PAGE_BITS - 1);
		return bits !== undefined && ((bits[bit >>> 3] as number) & (1 << (bit & 7))) !== 0;
	}

	/**
	 * Adds pages that a peer sent.
	 *
	 * @throws LedgerError before anything is added, when one of them is out of bounds
	 */
	or(pages: Iterable<LedgerPage>): void {
		const all = [...pages];
		for (const page of all) checkPage(page);
		for (const { producer, outcome, page, bits } of all) {
			const own = this.#pageFor(producer, outcome, page);
			own.changed = true;
			for (let at = 0; at < bits.length; at++) own.bits[at] = (own.bits[at] as number) | (bits[at] as number);
		}
	}

	/** How many bits of an outcome are set, over all producers. */
	popcount(outcome: Outcome): number {
		let count = 0;
		for (const [key, bitmap] of this.#bitmaps) {
			if (key % OUTCOMES !== outcome) continue;
			for (const { bits } of bitmap.values()) for (const byte of bits) count += BITS_SET[byte] as number;
		}
		return count;
	}

	/** The bits of one page, or undefined where none is set. Not a copy. */
	page(producer: number, outcome: Outcome, page: number): Uint8Array | undefined {
		return this.#bitmaps.get(producer * OUTCOMES + outcome)?.get(page)?.bits;
	}

	/** The producers that any page names, in ascending order. */
	producers(): number[] {
		const producers = new Set([...this.#bitmaps.keys()].map((key) => Math.floor(key / OUTCOMES)));
		return [...producers].sort((a, b) => a - b);
	}

	/** The numbers of the pages of a producer, of any outcome, in ascending order. */
	pageNumbers(producer: number): number[] {
		const numbers = new Set<number>();
		for (let outcome = 0; outcome < OUTCOMES; outcome++) {
			for (const number of this.#bitmaps.get(producer * OUTCOMES + outcome)?.keys() ?? []) numbers.add(number);
		}
		return [...numbers].sort((a, b) => a - b);
	}

	/** Copies of the pages that changed since the last call, whole but for zeros at the end. */
	dirtyPages(): LedgerPage[] {
		const pages = this.#copies((page) => page.changed);
		for (const bitmap of this.#bitmaps.values()) for (const page of bitmap.values()) page.changed = false;
		return pages;
	}

	/** Copies of all pages. */
	allPages(): LedgerPage[] {
		return this.#copies(() => true);
	}

	#copies(wanted: (page: Page) => boolean): LedgerPage[] {
		const pages: LedgerPage[] = [];
		for (const [key, bitmap] of this.#bitmaps) {
			for (const [number, page] of bitmap) {
				if (!wanted(page)) continue;
				const producer = Math.floor(key / OUTCOMES);
				pages.push({ producer, outcome: key % OUTCOMES, page: number, bits: withoutZeros(page.bits) });
			}
		}
		return pages;
	}

	#pageFor(producer: number, outcome: Outcome, number: number): Page {
		const key = producer * OUTCOMES + outcome;
		let bitmap = this.#bitmaps.get(key);
		if (!bitmap) {
			bitmap = new Map();
			this.#bitmaps.set(key, bitmap);
		}
		let page = bitmap.get(number);
		if (!page) {
			page = { bits: new Uint8Array(PAGE_BYTES), changed: true };
			bitmap.set(number, page);
		}
		return page;
	}
}

/** A copy that ends with the last byte that is not 0: thousands of producers have a page each that hardly begins. */
function withoutZeros(bits: Uint8Array): Buffer {
	const end = bits.findLastIndex((byte) => byte !== 0) + 1;
	return Buffer.from(bits.subarray(0, end));
}

/** Above every Outcome. */
const OUTCOMES = 16;

export const BITS_SET: Uint8Array = Uint8Array.from({ length: 256 }, (_, byte) => {
	let count = 0;
	for (let rest = byte; rest > 0; rest >>= 1) count += rest & 1;
	return count;
});

/** @throws LedgerError */
export function checkPage({ producer, outcome, page, bits }: LedgerPage): void {
	if (producer >= MAX_PRODUCERS) throw new LedgerError(`a ledger page of producer ${producer}`);
	if (!(outcome >= Outcome.REJECTED && outcome <= Outcome.RECORDED_OPEN))
		throw new LedgerError(`a ledger page of outcome ${outcome}`);
	if (page > MAX_PAGE) throw new LedgerError(`ledger page ${page}`);
	if (bits.length > PAGE_BYTES) throw new LedgerError(`a ledger page of ${bits.length} bytes`);
}
