import { type LedgerPage, Outcome } from "./gen/measurement.js";
import { MAX_PRODUCERS, MAX_SEQUENCE } from "./taskid.js";

export const PAGE_BITS = 8_192;
const PAGE_BYTES = PAGE_BITS / 8;
const MAX_PAGE = Math.floor(MAX_SEQUENCE / PAGE_BITS);

/** A page that cannot be one of a ledger; the message says why. */
export class LedgerError extends Error {}

/** Pages lie so many together, in memory that is never moved. */
const PAGES_A_BLOCK = 64;

/** What is told of a page apart from its bits. */
interface PageName {
	readonly producer: number;
	readonly outcome: Outcome;
	readonly number: number;
}

/**
 * Which tasks met which outcome: a bitmap for each (producer, outcome) over the producer's sequence numbers, in pages that
 * come into being with their first bit. A million tasks take 125 KB. Ledgers are merged by OR.
 *
 * A producer's tasks come nearly in order, and thousands of producers in turn: which page each is at stands in one array, so
 * that a task costs a look at that and at its own byte.
 */
export class LedgerPages {
	/** Pages are known by the order in which they came. */
	readonly #names: PageName[] = [];
	/** The number of each page, once more: the names are not looked at for each task. */
	readonly #numbers: number[] = [];
	readonly #changed: boolean[] = [];
	readonly #blocks: Uint8Array[] = [];
	/** By outcome, then by producer: the page looked at last, plus 1. */
	readonly #current: Uint32Array[] = [];
	/** By producer and outcome, then by number. */
	readonly #index = new Map<number, Map<number, number>>();

	/** @returns whether the bit was not set before */
	set(producer: number, outcome: Outcome, sequence: number): boolean {
		const page = this.#pageFor(producer, outcome, Math.floor(sequence / PAGE_BITS));
		const block = this.#blocks[Math.floor(page / PAGES_A_BLOCK)] as Uint8Array;
		const bit = sequence & (PAGE_BITS - 1);
		const at = (page % PAGES_A_BLOCK) * PAGE_BYTES + (bit >>> 3);
		const byte = block[at] as number;
		const mask = 1 << (bit & 7);
		if ((byte & mask) !== 0) return false;
		block[at] = byte | mask;
		this.#changed[page] = true;
		return true;
	}

	has(producer: number, outcome: Outcome, sequence: number): boolean {
		const page = this.#find(producer, outcome, Math.floor(sequence / PAGE_BITS));
		if (page < 0) return false;
		const block = this.#blocks[Math.floor(page / PAGES_A_BLOCK)] as Uint8Array;
		const bit = sequence & (PAGE_BITS - 1);
		const byte = block[(page % PAGES_A_BLOCK) * PAGE_BYTES + (bit >>> 3)] as number;
		return (byte & (1 << (bit & 7))) !== 0;
	}

	/**
	 * Adds pages that a peer sent.
	 *
	 * @throws LedgerError before anything is added, when one of them is out of bounds
	 */
	or(pages: Iterable<LedgerPage>): void {
		const all = [...pages];
		for (const page of all) checkPage(page);
		for (const { producer, outcome, page: number, bits } of all) {
			const page = this.#pageFor(producer, outcome, number);
			this.#changed[page] = true;
			const own = this.#bits(page);
			for (let at = 0; at < bits.length; at++) own[at] = (own[at] as number) | (bits[at] as number);
		}
	}

	/** How many bits of an outcome are set, over all producers. */
	popcount(outcome: Outcome): number {
		let count = 0;
		for (const [page, name] of this.#names.entries()) {
			if (name.outcome !== outcome) continue;
			for (const byte of this.#bits(page)) count += BITS_SET[byte] as number;
		}
		return count;
	}

	/** The bits of one page, or undefined where none is set. Not a copy. */
	page(producer: number, outcome: Outcome, number: number): Uint8Array | undefined {
		const page = this.#find(producer, outcome, number);
		return page < 0 ? undefined : this.#bits(page);
	}

	/** The producers that any page names, in ascending order. */
	producers(): number[] {
		const producers = new Set(this.#names.map(({ producer }) => producer));
		return [...producers].sort((a, b) => a - b);
	}

	/** The numbers of the pages of a producer, of any outcome, in ascending order. */
	pageNumbers(producer: number): number[] {
		const numbers = new Set<number>();
		for (let outcome = 0; outcome < OUTCOMES; outcome++) {
			for (const number of this.#index.get(producer * OUTCOMES + outcome)?.keys() ?? []) numbers.add(number);
		}
		return [...numbers].sort((a, b) => a - b);
	}

	/** Copies of the pages that changed since the last call, whole but for zeros at the end. */
	dirtyPages(): LedgerPage[] {
		const pages = this.#copies((page) => this.#changed[page] === true);
		this.#changed.fill(false);
		return pages;
	}

	/** Copies of all pages. */
	allPages(): LedgerPage[] {
		return this.#copies(() => true);
	}

	#copies(wanted: (page: number) => boolean): LedgerPage[] {
		const pages: LedgerPage[] = [];
		for (const [page, { producer, outcome, number }] of this.#names.entries()) {
			if (wanted(page)) pages.push({ producer, outcome, page: number, bits: withoutZeros(this.#bits(page)) });
		}
		return pages;
	}

	#bits(page: number): Uint8Array {
		const block = this.#blocks[Math.floor(page / PAGES_A_BLOCK)] as Uint8Array;
		const from = (page % PAGES_A_BLOCK) * PAGE_BYTES;
		return block.subarray(from, from + PAGE_BYTES);
	}

	/** @returns -1 where there is no such page */
	#find(producer: number, outcome: Outcome, number: number): number {
		const current = (this.#current[outcome]?.[producer] ?? 0) - 1;
		if (current < 0 || this.#numbers[current] === number) return current;
		const found = this.#index.get(producer * OUTCOMES + outcome)?.get(number);
		if (found === undefined) return -1;
		this.#makeCurrent(producer, outcome, found);
		return found;
	}

	#pageFor(producer: number, outcome: Outcome, number: number): number {
		const found = this.#find(producer, outcome, number);
		if (found >= 0) return found;
		const page = this.#names.push({ producer, outcome, number }) - 1;
		this.#numbers.push(number);
		this.#changed.push(true);
		if (page % PAGES_A_BLOCK === 0) this.#blocks.push(new Uint8Array(PAGES_A_BLOCK * PAGE_BYTES));
		const key = producer * OUTCOMES + outcome;
		const numbers = this.#index.get(key) ?? new Map<number, number>();
		this.#index.set(key, numbers.set(number, page));
		this.#makeCurrent(producer, outcome, page);
		return page;
	}

	#makeCurrent(producer: number, outcome: Outcome, page: number): void {
		while (this.#current.length <= outcome) this.#current.push(new Uint32Array(0));
		let current = this.#current[outcome] as Uint32Array;
		if (producer >= current.length) {
			const grown = new Uint32Array(2 * producer + 1);
			grown.set(current);
			this.#current[outcome] = grown;
			current = grown;
		}
		current[producer] = page + 1;
	}
}

/** Above every Outcome. */
const OUTCOMES = 16;

/** A copy that ends with the last byte that is not 0: thousands of producers have a page each that hardly begins. */
function withoutZeros(bits: Uint8Array): Buffer {
	const end = bits.findLastIndex((byte) => byte !== 0) + 1;
	return Buffer.from(bits.subarray(0, end));
}

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
