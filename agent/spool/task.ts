import { endOfValue, goEscapes, goString, rawMembers, stringValue } from "./gojson.js";
import { ZERO_TIME } from "./gotime.js";

/** 0 low, 1 normal, 2 high, 3 critical. */
export type Priority = 0 | 1 | 2 | 3;

export type TaskState = "pending" | "processing" | "completed" | "failed" | "retrying" | "dead_letter";

/** A task as Spool keeps it. Times are RFC 3339 text. */
export interface Task {
	readonly id: string;
	readonly type: string;
	/** Raw JSON text as it stands in the task's JSON, byte for byte. */
	readonly payload: string;
	readonly priority: Priority;
	readonly state: TaskState;
	readonly maxRetries: number;
	readonly retryCount: number;
	readonly timeoutNs: number;
	readonly createdAt: string;
	readonly scheduledAt: string;
	readonly startedAt?: string;
	readonly completedAt?: string;
	readonly error?: string;
	/** Raw JSON text of an object with at least one member, byte for byte. */
	readonly metadata?: string | undefined;
}

export interface TaskInit {
	readonly id: string;
	readonly type: string;
	/** JSON text; Go's escapes are put in. */
	readonly payload: string;
	readonly priority?: Priority;
	readonly maxRetries?: number;
	readonly timeoutNs?: number;
	/** RFC 3339. */
	readonly createdAt: string;
	/** JSON text of an object; Go's escapes are put in. */
	readonly metadata?: string;
}

const DEFAULT_TIMEOUT_NS = 30e9;

type Writable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A pending task with Spool's defaults: normal priority, 3 retries, 30 s, due at once. */
export function newTask(init: TaskInit): Task {
	const { payload, metadata } = init;
	const task: Writable<Task> = {
		id: init.id,
		type: init.type,
		payload: goEscapes(payload),
		priority: init.priority ?? 1,
		state: "pending",
		maxRetries: init.maxRetries ?? 3,
		retryCount: 0,
		timeoutNs: Math.round(init.timeoutNs ?? DEFAULT_TIMEOUT_NS),
		createdAt: init.createdAt,
		scheduledAt: ZERO_TIME,
	};
	// Not spread into the object: that takes as long as all the rest.
	if (metadata !== undefined) task.metadata = goEscapes(metadata);
	return task;
}

/** The task's JSON, byte for byte as Go's encoding/json writes Spool's struct. */
export function encodeTask(task: Task): string {
	const { head, payload, tail } = taskText(task, task);
	return head + payload + tail;
}

/** A task's JSON in three parts: the payload, which is most of it, need not be copied to write the rest anew. */
export interface TaskText {
	readonly head: string;
	readonly payload: string;
	readonly tail: string;
}

/** What changes in a task on its way. */
export interface TaskProgress {
	readonly state: TaskState;
	readonly retryCount: number;
	readonly startedAt?: string | undefined;
	readonly completedAt?: string | undefined;
	readonly error?: string | undefined;
}

/** The task's JSON, as far as it has come. */
export function taskText(task: Task, progress: TaskProgress): TaskText {
	return { head: taskHead(task), payload: task.payload, tail: taskTail(task, progress) };
}

/** What comes before the payload. */
export function taskHead(task: Task): string {
	return `{"id":${goString(task.id)},"type":${goString(task.type)},"payload":`;
}

/** What comes behind the payload. */
export function taskTail(task: Task, progress: TaskProgress): string {
	let tail = taskMiddle(task, progress);
	tail += `${task.createdAt}","scheduled_at":"${task.scheduledAt}"`;
	if (progress.startedAt !== undefined) tail += `,"started_at":"${progress.startedAt}"`;
	if (progress.completedAt !== undefined) tail += `,"completed_at":"${progress.completedAt}"`;
	if (progress.error !== undefined && progress.error !== "") tail += `,"error":${goString(progress.error)}`;
	if (task.metadata !== undefined) tail += `,"metadata":${task.metadata}`;
	return `${tail}}`;
}

interface Middle extends Pick<Task, "priority" | "maxRetries" | "timeoutNs" | "retryCount"> {
	readonly text: string;
}

/** By state: tasks of a queue mostly differ neither in this nor in the rest of these fields, so they are written once. */
const lastMiddle = new Map<TaskState, Middle>();

/** From behind the payload up to the time of creation. */
export function taskMiddle(task: Task, { state, retryCount }: Pick<TaskProgress, "state" | "retryCount">): string {
	const last = lastMiddle.get(state);
	if (
		last?.retryCount === retryCount &&
		last.priority === task.priority &&
		last.maxRetries === task.maxRetries &&
		last.timeoutNs === task.timeoutNs
	) {
		return last.text;
	}
	const { priority, maxRetries, timeoutNs } = task;
	let text = `,"priority":${priority},"state":"${state}","max_retries":${maxRetries}`;
	text += `,"retry_count":${retryCount},"timeout":${timeoutNs},"created_at":"`;
	lastMiddle.set(state, { priority, maxRetries, timeoutNs, retryCount, text });
	return text;
}

const STATES: readonly string[] = [
	"pending",
	"processing",
	"completed",
	"failed",
	"retrying",
	"dead_letter",
] satisfies TaskState[];

/** Raw JSON text by name. */
type Members = ReadonlyMap<string, string>;

/**
 * Reads a task's JSON, in whatever order and with whatever whitespace its fields come; unknown fields are passed over.
 * Payload and metadata are delimited, not checked: who parses them finds what is wrong in them.
 *
 * @throws Error naming the field that is wrong and what was expected
 */
export function decodeTask(json: string): Task {
	try {
		return decodeAsWritten(json) ?? decodeMembers(json);
	} catch (error) {
		throw new Error(`task: ${(error as Error).message}`, { cause: error });
	}
}

const TEXT = '"([^"\\\\]+)"';
const COUNT = "(0|[1-9]\\d{0,14})";
const HEAD = new RegExp(`\\{"id":${TEXT},"type":${TEXT},"payload":`, "y");
const TAIL = new RegExp(
	`,"priority":([0-3]),"state":"(${STATES.join("|")})","max_retries":${COUNT},"retry_count":${COUNT}` +
		`,"timeout":${COUNT},"created_at":${TEXT},"scheduled_at":${TEXT}(?:,"started_at":${TEXT})?` +
		`(?:,"completed_at":${TEXT})?(?:,"error":${TEXT})?(,"metadata":(?=\\{"))?`,
	"y",
);

/**
 * A task as Spool and this project write it: fields in order, no whitespace, no escapes but in payload and metadata. A third
 * of the time that any order takes, which counts at tens of thousands of tasks a second.
 *
 * @returns undefined when it is written otherwise, or wrong
 */
function decodeAsWritten(json: string): Task | undefined {
	HEAD.lastIndex = 0;
	const head = HEAD.exec(json);
	if (!head) return undefined;
	const payloadStart = HEAD.lastIndex;
	const payloadEnd = endOfValue(json, payloadStart);
	const [, id = "", type = ""] = head;
	TAIL.lastIndex = payloadEnd;
	const tail = TAIL.exec(json);
	if (!tail) return undefined;
	const metadataStart = TAIL.lastIndex;
	const end = tail[11] === undefined ? metadataStart : endOfValue(json, metadataStart);
	if (end !== json.length - 1 || !json.endsWith("}")) return undefined;
	const [, priority, state, maxRetries, retryCount, timeoutNs, createdAt = "", scheduledAt = "", ...optional] = tail;
	const [startedAt, completedAt, error] = optional;
	const task: Writable<Task> = {
		id,
		type,
		payload: json.slice(payloadStart, payloadEnd),
		priority: Number(priority) as Priority,
		state: state as TaskState,
		maxRetries: Number(maxRetries),
		retryCount: Number(retryCount),
		timeoutNs: Number(timeoutNs),
		createdAt,
		scheduledAt,
	};
	if (startedAt !== undefined) task.startedAt = startedAt;
	if (completedAt !== undefined) task.completedAt = completedAt;
	if (error !== undefined) task.error = error;
	if (end !== metadataStart) task.metadata = json.slice(metadataStart, end);
	return task;
}

/** A task in any order, with any whitespace. */
function decodeMembers(json: string): Task {
	const members = rawMembers(json);
	const startedAt = optionalText(members, "started_at");
	const completedAt = optionalText(members, "completed_at");
	const error = optionalText(members, "error");
	const metadata = metadataOf(members);
	return {
		id: text(members, "id"),
		type: text(members, "type"),
		payload: members.get("payload") ?? "null",
		priority: priorityOf(members),
		state: stateOf(members),
		maxRetries: integer(members, "max_retries"),
		retryCount: integer(members, "retry_count"),
		timeoutNs: integer(members, "timeout"),
		createdAt: text(members, "created_at"),
		scheduledAt: optionalText(members, "scheduled_at") ?? ZERO_TIME,
		...(startedAt === undefined ? undefined : { startedAt }),
		...(completedAt === undefined ? undefined : { completedAt }),
		...(error === undefined ? undefined : { error }),
		...(metadata === undefined ? undefined : { metadata }),
	};
}

function wrong(name: string, expected: string, raw: string | undefined): Error {
	return new Error(`${name}: expected ${expected}, got ${raw === undefined ? "nothing" : raw.slice(0, 100)}`);
}

function text(members: Members, name: string): string {
	const value = optionalText(members, name);
	if (value === undefined) throw wrong(name, "text", members.get(name));
	return value;
}

/** Go leaves empty text out where it may. */
function optionalText(members: Members, name: string): string | undefined {
	const raw = members.get(name);
	if (raw === undefined || raw === "null" || raw === '""') return undefined;
	if (!raw.startsWith('"')) throw wrong(name, "text", raw);
	try {
		return stringValue(raw);
	} catch {
		throw wrong(name, "a valid JSON string", raw);
	}
}

function integer(members: Members, name: string): number {
	const raw = members.get(name);
	const value = raw !== undefined && INTEGER.test(raw) ? Number(raw) : Number.NaN;
	if (!Number.isSafeInteger(value)) throw wrong(name, "a whole number", raw);
	return value;
}

const INTEGER = /^(?:0|-?[1-9]\d*)$/;

function priorityOf(members: Members): Priority {
	const value = integer(members, "priority");
	if (value !== 0 && value !== 1 && value !== 2 && value !== 3)
		throw wrong("priority", "0 … 3", members.get("priority"));
	return value;
}

function stateOf(members: Members): TaskState {
	const value = text(members, "state");
	if (!isState(value)) throw wrong("state", STATES.join(", "), members.get("state"));
	return value;
}

function isState(value: string): value is TaskState {
	return STATES.includes(value);
}

/** An object without members counts as none, as it does in Go. */
function metadataOf(members: Members): string | undefined {
	const raw = members.get("metadata");
	if (raw === undefined || raw === "null" || EMPTY_OBJECT.test(raw)) return undefined;
	if (!raw.startsWith("{")) throw wrong("metadata", "an object", raw);
	return raw;
}

const EMPTY_OBJECT = /^\{\s*\}$/;

export interface Result {
	readonly taskId: string;
	readonly success: boolean;
	/** Raw JSON text. */
	readonly output?: string;
	readonly error?: string;
	/** RFC 3339. */
	readonly completedAt: string;
	readonly durationNs: number;
}

/** The result's JSON, byte for byte as Go's encoding/json writes Spool's struct. */
export function encodeResult(result: Result): string {
	let json = `{"task_id":${goString(result.taskId)},"success":${result.success}`;
	if (result.output !== undefined && result.output !== "") json += `,"output":${result.output}`;
	if (result.error !== undefined && result.error !== "") json += `,"error":${goString(result.error)}`;
	return `${json},"completed_at":"${result.completedAt}","duration":${Math.round(result.durationNs)}}`;
}
