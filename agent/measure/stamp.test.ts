import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CommandBuffer } from "../spool/commandBuffer.js";
import { RawText, StoredTask, TaskReader } from "../spool/storedTask.js";
import { encodeTask, newTask } from "../spool/task.js";
import { readStamp, Stamper, stampBytes, stampOf } from "./stamp.js";

const RUN = 0xdeadbeef;
const EPOCH_US = 1_000_000_000;
const DAY_US = 86_400e6;
const ENQUEUE_TIME = "2026-11-23T03:04:38.365858297Z";
const stamper = new Stamper(RUN, EPOCH_US);

describe("a stamp", () => {
	test("comes back as it went, to the microsecond", () => {
		fc.assert(
			fc.property(
				fc.nat({ max: 65_535 }),
				fc.integer({ min: 0, max: 2 ** 42 - 1 }),
				fc.double({ min: -3 * DAY_US, max: 90 * DAY_US, noNaN: true }),
				fc.double({ min: -1e6, max: 5 * DAY_US, noNaN: true }),
				(producer, sequence, intendedUs, lagUs) => {
					const intendedAtUs = EPOCH_US + intendedUs;
					const metadata = stamper
						.stamp(producer, sequence, intendedAtUs, intendedAtUs + lagUs, ENQUEUE_TIME)
						.toString();
					const stamp = readStamp(RUN, metadata);
					expect(stamp).toMatchObject({ producer, sequence });
					expect(Math.abs((stamp?.intendedAtUs ?? Number.NaN) - intendedUs)).toBeLessThanOrEqual(0.501);
					expect(Math.abs((stamp?.sentAtUs ?? Number.NaN) - intendedUs - lagUs)).toBeLessThanOrEqual(1.002);
				},
			),
		);
	});

	test("says whose clock it is, and what that lacked of Redis's when the task was sent", () => {
		let correctionUs = 0;
		const clock = { hostIndex: 511, correctionUs: () => correctionUs, quality: () => undefined };
		const corrected = new Stamper(RUN, EPOCH_US, clock);
		const stampNow = () => readStamp(RUN, corrected.stamp(1, 2, EPOCH_US, EPOCH_US, ENQUEUE_TIME).toString());
		for (const [us, stamped] of [
			[0, 0],
			[-49_999.6, -50_000],
			[1_000_000.2, 1_000_000],
			[0, 0],
			[1e12, 2 ** 31 - 1],
			[-1e12, -(2 ** 31)],
		] as const) {
			correctionUs = us;
			expect(stampNow()).toMatchObject({ intendedAtUs: 0, sentAtUs: 0, hostIndex: 511, correctionUs: stamped });
			expect(corrected.stamp(1, 2, EPOCH_US, EPOCH_US, "").toString()).toHaveLength(
				stampBytes + '{"enqueue_time":""}'.length,
			);
		}
	});

	test("takes the correction of the moment at which the task was sent", () => {
		const clock = { hostIndex: 1, correctionUs: (atUs: number) => (atUs - EPOCH_US) / 1_000, quality: () => undefined };
		const metadata = new Stamper(RUN, EPOCH_US, clock).stamp(1, 2, EPOCH_US, EPOCH_US + 2e6, ENQUEUE_TIME).toString();
		expect(readStamp(RUN, metadata)?.correctionUs).toBe(2_000);
	});

	test("is the same written where it is sent from as it is as a text", () => {
		fc.assert(
			fc.property(
				fc.nat({ max: 65_535 }),
				fc.integer({ min: 0, max: 2 ** 42 - 1 }),
				fc.double({ min: -1e14, max: 1e14, noNaN: true }),
				fc.double({ min: -1e13, max: 1e13, noNaN: true }),
				(producer, sequence, intendedAtUs, lagUs) => {
					const stamp = stamper.stamp(producer, sequence, intendedAtUs, intendedAtUs + lagUs, ENQUEUE_TIME);
					const buffer = new CommandBuffer();
					buffer.begin(1);
					buffer.open(stamp.bytes);
					const from = buffer.end;
					stamp.addTo(buffer);
					expect(buffer.written.toString("latin1", from)).toBe(stamp.toString());
					expect(buffer.end - from).toBe(stamp.bytes);
				},
			),
		);
	});

	test("always has the same width, in JSON as Go writes it", () => {
		const metadata = [
			stamper.stamp(0, 0, EPOCH_US, EPOCH_US, ENQUEUE_TIME).toString(),
			stamper.stamp(65_535, 2 ** 42 - 1, EPOCH_US - 5e6, EPOCH_US + DAY_US, ENQUEUE_TIME).toString(),
			stamper.stamp(1, 2, -1e20, 1e20, ENQUEUE_TIME).toString(),
		];
		const plain = JSON.stringify({ enqueue_time: ENQUEUE_TIME });
		for (const text of metadata) {
			expect(Object.keys(JSON.parse(text))).toEqual(["bench", "enqueue_time"]);
			expect(JSON.stringify(JSON.parse(text))).toBe(text);
			expect(text.length - plain.length).toBe(stampBytes);
		}
	});

	test("of a time that is too far off says the furthest that fits", () => {
		const stampOf = (atUs: number) =>
			readStamp(RUN, stamper.stamp(0, 0, atUs, atUs, ENQUEUE_TIME).toString())?.intendedAtUs;
		expect(stampOf(EPOCH_US + 1e14)).toBe(2 ** 43 - 1);
		expect(stampOf(EPOCH_US - 1e14)).toBe(-(2 ** 43));
	});

	test("is found wherever it stands in the metadata", () => {
		const [, bench] = /("bench":"[^"]*")/.exec(stamper.stamp(3, 4, EPOCH_US, EPOCH_US, ENQUEUE_TIME).toString()) ?? [];
		expect(readStamp(RUN, `{"a":1,${bench}}`)).toEqual({
			producer: 3,
			sequence: 4,
			intendedAtUs: 0,
			sentAtUs: 0,
			hostIndex: 0,
			correctionUs: 0,
		});
	});

	const good = stamper.stamp(3, 4, EPOCH_US, EPOCH_US, ENQUEUE_TIME).toString();
	test.each([
		["no metadata", ""],
		["none", `{"enqueue_time":"${ENQUEUE_TIME}"}`],
		["one of another run", new Stamper(RUN + 1, EPOCH_US).stamp(3, 4, EPOCH_US, EPOCH_US, ENQUEUE_TIME).toString()],
		["one that was cut", good.slice(0, 30)],
		["one character less", good.replace("deadbeef", "deadbee")],
		["one character more", good.replace("deadbeef", "deadbeef0")],
		["a digit that is none", good.replace(/deadbeef0/, "deadbeefg")],
		["upper-case digits", good.replace("deadbeef", "DEADBEEF")],
	])("is not seen in %s", (_, metadata) => {
		expect(readStamp(RUN, metadata)).toBeUndefined();
	});
});

test.each([
	["first", (stamp: string) => stamp],
	["behind another key", (stamp: string) => stamp.replace("{", '{"a":"b",')],
	["of another run", (stamp: string) => stamp.replace(/"bench":"./, '"bench":"f')],
	["cut short", (stamp: string) => stamp.replace(/"bench":"(.{54})./, '"bench":"$1')],
])("a task left in its bytes has the stamp that its text has: %s", (_, change) => {
	const metadata = change(stamper.stamp(3, 70_000, EPOCH_US + 5, EPOCH_US + 9, ENQUEUE_TIME).toString());
	const init = { id: "a", type: "t", payload: "{}", createdAt: ENQUEUE_TIME, metadata };
	const bytes = Buffer.from(`${encodeTask(newTask(init))} behind`);
	const raw = new RawText(bytes, 0, bytes.length - " behind".length);
	const reader = new TaskReader();
	reader.read(raw, "a");
	const task = reader.read(raw, "a");
	expect(task).toBeInstanceOf(StoredTask);
	expect(stampOf(RUN, task)).toEqual(readStamp(RUN, metadata));
});
