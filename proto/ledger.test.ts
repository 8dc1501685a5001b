import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type LedgerPage, Outcome } from "./gen/measurement.js";
import { LedgerError, LedgerPages, PAGE_BITS } from "./ledger.js";

const tasks = fc.array(
	fc.record({
		producer: fc.nat({ max: 3 }),
		outcome: fc.constantFrom(Outcome.COMPLETED, Outcome.DEAD_LETTERED, Outcome.HELD),
		sequence: fc.oneof(fc.nat({ max: 3 * PAGE_BITS }), fc.integer({ min: 0, max: 2 ** 42 - 1 })),
	}),
	{ maxLength: 60 },
);

describe("a ledger", () => {
	test("is a set of (producer, outcome, sequence)", () => {
		fc.assert(
			fc.property(tasks, tasks, (set, asked) => {
				const ledger = new LedgerPages();
				const model = new Set<string>();
				for (const task of set) {
					const key = JSON.stringify(task);
					expect(ledger.set(task.producer, task.outcome, task.sequence)).toBe(!model.has(key));
					model.add(key);
				}
				for (const task of [...set, ...asked]) {
					expect(ledger.has(task.producer, task.outcome, task.sequence)).toBe(model.has(JSON.stringify(task)));
				}
				for (const outcome of [Outcome.COMPLETED, Outcome.DEAD_LETTERED, Outcome.HELD, Outcome.UNKNOWN]) {
					const members = [...model].filter((key) => JSON.parse(key).outcome === outcome);
					expect(ledger.popcount(outcome)).toBe(members.length);
				}
			}),
		);
	});

	test("put together from the pages of others is their union", () => {
		fc.assert(
			fc.property(tasks, tasks, (one, other) => {
				const all = ledgerOf([...one, ...other]);
				const merged = new LedgerPages();
				merged.or(ledgerOf(one).allPages());
				merged.or(ledgerOf(other).allPages());
				merged.or(ledgerOf(other).allPages());
				expect(text(merged)).toBe(text(all));
			}),
		);
	});

	test("tells its changed pages once, whole, and they are copies", () => {
		fc.assert(
			fc.property(fc.array(tasks, { maxLength: 4 }), (rounds) => {
				const ledger = new LedgerPages();
				const mirror = new LedgerPages();
				for (const round of rounds) {
					let isNew = false;
					for (const { producer, outcome, sequence } of round) isNew = ledger.set(producer, outcome, sequence) || isNew;
					const dirty = ledger.dirtyPages();
					expect(dirty.length > 0).toBe(isNew);
					mirror.or(dirty);
					for (const { bits } of dirty) bits.fill(0xff);
					expect(ledger.dirtyPages()).toEqual([]);
				}
				expect(text(mirror)).toBe(text(ledger));
			}),
		);
	});

	test("puts the lowest sequence number into the lowest bit of the first byte", () => {
		const ledger = ledgerOf([0, 9, PAGE_BITS + 7].map((sequence) => task(5, sequence)));
		const [first, second] = sorted(ledger.allPages());
		expect(first).toMatchObject({ producer: 5, outcome: Outcome.COMPLETED, page: 0 });
		// Zeros at the end are left out.
		expect(first?.bits).toEqual(Buffer.of(1, 2));
		expect(second).toMatchObject({ page: 1 });
		expect(second?.bits[0]).toBe(0x80);
	});

	test("takes 125 KB for a million tasks", () => {
		const ledger = new LedgerPages();
		for (let sequence = 0; sequence < 1e6; sequence++) ledger.set(0, Outcome.COMPLETED, sequence);
		const bytes = ledger.allPages().reduce((sum, { bits }) => sum + bits.length, 0);
		expect(bytes).toBeLessThanOrEqual(126_000);
		expect(ledger.popcount(Outcome.COMPLETED)).toBe(1e6);
	});

	const page: LedgerPage = { producer: 0, outcome: Outcome.HELD, page: 0, bits: Buffer.alloc(1_024, 1) };
	test.each<[string, Partial<LedgerPage>]>([
		["a producer out of bounds", { producer: 65_536 }],
		["no outcome", { outcome: Outcome.UNSPECIFIED }],
		["an unknown outcome", { outcome: 10 as Outcome }],
		["a page out of bounds", { page: 2 ** 29 }],
		["too many bits", { bits: Buffer.alloc(1_025) }],
	])("refuses a page with %s, and takes nothing of what came with it", (_, change) => {
		const ledger = new LedgerPages();
		expect(() => ledger.or([page, { ...page, ...change }])).toThrow(LedgerError);
		expect(ledger.allPages()).toEqual([]);
	});
});

function task(producer: number, sequence: number) {
	return { producer, outcome: Outcome.COMPLETED, sequence };
}

function ledgerOf(all: readonly { producer: number; outcome: Outcome; sequence: number }[]): LedgerPages {
	const ledger = new LedgerPages();
	for (const { producer, outcome, sequence } of all) ledger.set(producer, outcome, sequence);
	return ledger;
}

function sorted(pages: readonly LedgerPage[]): LedgerPage[] {
	return [...pages].sort((a, b) => a.producer - b.producer || a.outcome - b.outcome || a.page - b.page);
}

/** Equal for equal ledgers. */
function text(ledger: LedgerPages): string {
	const pages = sorted(ledger.allPages());
	return pages
		.map(({ producer, outcome, page, bits }) => `${producer} ${outcome} ${page} ${bits.toString("hex")}`)
		.join();
}
