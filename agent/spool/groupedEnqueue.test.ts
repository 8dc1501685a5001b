import { expect, test } from "vitest";
import { GroupedEnqueue } from "./groupedEnqueue.js";
import { newTask, type Task } from "./task.js";

const task = (id: number) => newTask({ id: String(id), type: "t", payload: "{}", createdAt: "2026-01-01T00:00:00Z" });
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Batches that are answered one by one, by hand. */
function sender() {
	const batches: {
		readonly ids: string[];
		answer(refusals?: (Error | undefined)[]): void;
		fail(error: Error): void;
	}[] = [];
	const send = (tasks: readonly Task[]) =>
		new Promise<(Error | undefined)[]>((resolve, reject) => {
			const ids = tasks.map(({ id }) => id);
			batches.push({ ids, answer: (refusals) => resolve(refusals ?? ids.map(() => undefined)), fail: reject });
		});
	return { batches, send };
}

test("what is handed in together leaves together, and what comes meanwhile with the next batch", async () => {
	const { batches, send } = sender();
	const grouped = new GroupedEnqueue(send, 100);
	const first = [1, 2, 3].map((id) => grouped.enqueue(task(id)));
	await turn();
	const second = grouped.enqueue(task(4));
	await turn();
	const late = [5, 6].map((id) => grouped.enqueue(task(id)));
	await turn();
	expect(batches.map(({ ids }) => ids)).toEqual([["1", "2", "3"], ["4"]]);
	batches[0]?.answer();
	await Promise.all(first);
	await turn();
	expect(batches.map(({ ids }) => ids)).toEqual([["1", "2", "3"], ["4"], ["5", "6"]]);
	for (const batch of batches) batch.answer();
	await Promise.all([second, ...late]);
});

test("a batch has its limit", async () => {
	const { batches, send } = sender();
	const grouped = new GroupedEnqueue(send, 2);
	const all = [1, 2, 3, 4, 5].map((id) => grouped.enqueue(task(id)));
	await turn();
	expect(batches.map(({ ids }) => ids)).toEqual([
		["1", "2"],
		["3", "4"],
	]);
	for (let answered = 0; answered < 3; answered++) {
		batches[answered]?.answer();
		await turn();
	}
	await Promise.all(all);
	expect(batches[2]?.ids).toEqual(["5"]);
});

test("those who wait for one answer and then send again share the next batch", async () => {
	const { batches, send } = sender();
	const grouped = new GroupedEnqueue(send, 100);
	const loops = [0, 1, 2].map(async (loop) => {
		await grouped.enqueue(task(loop));
		await grouped.enqueue(task(loop + 10));
	});
	await turn();
	batches[0]?.answer();
	await turn();
	expect(batches[1]?.ids).toEqual(["10", "11", "12"]);
	batches[1]?.answer();
	await Promise.all(loops);
});

test("each task hears what befell it", async () => {
	const { batches, send } = sender();
	const grouped = new GroupedEnqueue(send, 2);
	const outcomes = [1, 2, 3].map((id) =>
		grouped.enqueue(task(id)).then(
			() => "enqueued",
			(error: Error) => error.message,
		),
	);
	await turn();
	batches[0]?.answer([undefined, new Error("its queue is no list")]);
	batches[1]?.fail(new Error("no connection"));
	expect(await Promise.all(outcomes)).toEqual(["enqueued", "its queue is no list", "no connection"]);
	const after = grouped.enqueue(task(4));
	await turn();
	batches[2]?.answer();
	await after;
});
