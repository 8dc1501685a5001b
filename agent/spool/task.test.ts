import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeTask, encodeResult, encodeTask, newTask, type Task } from "./task.js";

const folder = new URL("./recordings/", import.meta.url);
const recorded = readdirSync(folder)
	.filter((name) => name.endsWith(".json"))
	.flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")).commands as string[][])
	.map((words) => words.find((word) => word.startsWith("{")) ?? "");
const recordedTasks = [...new Set(recorded.filter((json) => json.startsWith('{"id"')))];

const CREATED_AT = "2026-11-23T03:04:43.703331094Z";
const PLAIN = newTask({ id: "id-1", type: "ok", payload: "{}", createdAt: CREATED_AT });

describe("the task's JSON", () => {
	it("has Spool's defaults", () => {
		expect(encodeTask(PLAIN)).toBe(
			'{"id":"id-1","type":"ok","payload":{},"priority":1,"state":"pending","max_retries":3,"retry_count":0,' +
				`"timeout":30000000000,"created_at":"${CREATED_AT}","scheduled_at":"0001-01-01T00:00:00Z"}`,
		);
	});

	it("is written as Go wrote it, for every task in the recordings", () => {
		expect(recordedTasks.length).toBeGreaterThan(20);
		for (const json of recordedTasks) expect(encodeTask(decodeTask(json))).toBe(json);
	});

	it("gets Go's escapes where a task is made, in payload, metadata, type and error", () => {
		const payload = JSON.stringify({ data: 'x<y>&"é\u2028', task_id: 0 });
		const task = newTask({ id: "1", type: "a&b", payload, createdAt: CREATED_AT, metadata: '{"k":"<"}' });
		const json = encodeTask({ ...task, error: "<\u2029>" });
		expect(json).toContain('"payload":{"data":"x\\u003cy\\u003e\\u0026\\"é\\u2028","task_id":0}');
		expect(json).toContain('"type":"a\\u0026b"');
		expect(json).toContain('"error":"\\u003c\\u2029\\u003e","metadata":{"k":"\\u003c"}}');
	});

	const rawJson = fc.oneof(
		fc.jsonValue().map((value) => JSON.stringify(value, null, 2)),
		fc.constantFrom('{"big": 123456789012345678901234567890}', '{ "a" : [ 1.0 , {"b":"<"} ] }', "null", '"text"'),
	);
	const metadata = fc
		.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
		.map((value) => JSON.stringify(value, null, "\t"));
	const count = fc.nat();
	const time = fc.constantFrom(CREATED_AT, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00.5+02:00");
	const text = fc.string({ unit: "binary", minLength: 1 });
	const tasks: fc.Arbitrary<Task> = fc.record(
		{
			id: text,
			type: text,
			payload: rawJson,
			priority: fc.constantFrom(0, 1, 2, 3),
			state: fc.constantFrom("pending", "processing", "completed", "failed", "retrying", "dead_letter"),
			maxRetries: count,
			retryCount: count,
			timeoutNs: fc.maxSafeNat(),
			createdAt: time,
			scheduledAt: time,
			startedAt: time,
			completedAt: time,
			error: text,
			metadata,
		},
		{
			requiredKeys: [
				"id",
				"type",
				"payload",
				"priority",
				"state",
				"maxRetries",
				"retryCount",
				"timeoutNs",
				"createdAt",
				"scheduledAt",
			],
		},
	);

	it("reads back as the same task, payload and metadata byte for byte", () => {
		fc.assert(
			fc.property(tasks, (task) => {
				expect(decodeTask(encodeTask(task))).toEqual(task);
			}),
		);
	});

	it("says the same in any order, with any whitespace, and with fields that nobody knows", () => {
		fc.assert(
			fc.property(tasks, fc.infiniteStream(fc.nat()), fc.string(), (task, order, unknown) => {
				const values: Record<string, string | undefined> = {
					id: JSON.stringify(task.id),
					type: JSON.stringify(task.type),
					payload: task.payload,
					priority: String(task.priority),
					state: JSON.stringify(task.state),
					max_retries: String(task.maxRetries),
					retry_count: String(task.retryCount),
					timeout: String(task.timeoutNs),
					created_at: JSON.stringify(task.createdAt),
					scheduled_at: JSON.stringify(task.scheduledAt),
					started_at: task.startedAt && JSON.stringify(task.startedAt),
					completed_at: task.completedAt && JSON.stringify(task.completedAt),
					error: task.error && JSON.stringify(task.error),
					metadata: task.metadata,
					nobody: JSON.stringify({ unknown: [unknown] }),
				};
				const shuffled = Object.entries(values)
					.filter(([, value]) => value !== undefined)
					.map(([name, value]) => ({ rank: order.next().value, member: `\n\t"${name}" : ${value} ` }))
					.sort((a, b) => a.rank - b.rank);
				expect(decodeTask(`{${shuffled.map(({ member }) => member).join(",")}}`)).toEqual(task);
			}),
		);
	});

	it("leaves out what Go leaves out: an empty error, metadata without members", () => {
		const json = encodeTask(PLAIN).replace(/}$/, ',"error":"","metadata":{ },"started_at":null}');
		expect(decodeTask(json)).toEqual(PLAIN);
	});

	it("takes a payload that is missing for Go's null", () => {
		expect(decodeTask(encodeTask(PLAIN).replace('"payload":{},', "")).payload).toBe("null");
	});

	it.each([
		["not an object", "[]", "task: expected {"],
		["not JSON", "{nonsense", "task: expected a member's name"],
		["cut off", encodeTask(PLAIN).slice(0, 60), "task: "],
		["payload cut off", encodeTask(PLAIN).slice(0, 36), "task: expected a whole value at character 35"],
		["no id", encodeTask(PLAIN).replace('"id":"id-1",', ""), "task: id: expected text, got nothing"],
		["empty id", encodeTask(PLAIN).replace('"id-1"', '""'), 'task: id: expected text, got ""'],
		["id a number", encodeTask(PLAIN).replace('"id-1"', "7"), "task: id: expected text, got 7"],
		["bad escape", encodeTask(PLAIN).replace('"id-1"', '"\\x"'), "task: id: expected a valid JSON string"],
		["priority", encodeTask(PLAIN).replace('"priority":1', '"priority":4'), "task: priority: expected 0 … 3, got 4"],
		["state", encodeTask(PLAIN).replace('"pending"', '"lost"'), "task: state: expected pending, processing"],
		["fraction", encodeTask(PLAIN).replace('"timeout":3', '"timeout":.3'), "task: timeout: expected a whole number"],
		["huge", encodeTask(PLAIN).replace("30000000000", "9007199254740993"), "task: timeout: expected a whole number"],
		["metadata", encodeTask(PLAIN).replace(/}$/, ',"metadata":[1]}'), "task: metadata: expected an object, got [1]"],
	])("is refused with the field's name: %s", (_case, json, message) => {
		expect(() => decodeTask(json)).toThrow(message);
	});
});

describe("the result's JSON", () => {
	it("is written as Go wrote it", () => {
		const results = recorded.filter((json) => json.startsWith('{"task_id"'));
		expect(results.length).toBeGreaterThan(5);
		for (const json of results) {
			const { task_id, success, output, error, completed_at, duration } = JSON.parse(json);
			const result = { taskId: task_id, success, error, completedAt: completed_at, durationNs: duration };
			expect(encodeResult({ ...result, ...(output && { output: JSON.stringify(output) }) })).toBe(json);
		}
	});

	it("has whole nanoseconds", () => {
		const result = { taskId: "1", success: true, completedAt: CREATED_AT, durationNs: 1234.56 };
		expect(encodeResult(result)).toBe(`{"task_id":"1","success":true,"completed_at":"${CREATED_AT}","duration":1235}`);
	});
});
