import { drawer } from "../../proto/draw.js";
import type { ProducerShare, TaskShape } from "../../proto/gen/slice.js";
import { makeTaskId } from "../../proto/taskid.js";
import type { Stamper } from "../measure/stamp.js";
import { isPlainText } from "../spool/gojson.js";
import type { WallClock } from "../spool/gotime.js";
import { type PlainPayload, PlainTask } from "../spool/plainTask.js";
import { newTask, type Priority, type Task } from "../spool/task.js";

/** What the tasks of all of a run's producers are made of. */
export interface TaskParts {
	readonly runTag: number;
	readonly shape: TaskShape;
	readonly payload: (taskNumber: number, dataBytes: number) => PlainPayload;
	readonly stamper: Stamper;
	readonly wall: WallClock;
}

/** Makes a task from its sequence number and its times on this process's clock, in µs. */
export type TaskMaker = (sequence: number, intendedAtUs: number, sentAtUs: number) => Task;

/** The tasks of one producer. What they look like depends on the shape, the producer and the sequence number alone. */
export function taskMaker(parts: TaskParts, share: ProducerShare): TaskMaker {
	const { runTag, shape, payload, stamper, wall } = parts;
	const draw = drawer(shape, share.index);
	const isPlain = isPlainText(shape.type);
	return (sequence, intendedAtUs, sentAtUs) => {
		const createdAt = wall.now().rfc3339;
		const { priority, payloadBytes } = draw(sequence);
		const init = {
			id: makeTaskId(runTag, share.index, sequence),
			type: shape.type,
			payload: payload(share.firstTask + sequence, payloadBytes),
			priority: priority as Priority,
			maxRetries: shape.maxRetries,
			timeoutNs: shape.timeoutMs * 1e6,
			createdAt,
			metadata: stamper.stamp(share.index, sequence, intendedAtUs, sentAtUs, createdAt),
		};
		if (isPlain) return new PlainTask(init);
		const { start, end } = init.payload;
		return newTask({ ...init, payload: start + end, metadata: init.metadata.toString() });
	};
}
