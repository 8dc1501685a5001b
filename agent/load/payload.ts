const FILLER = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/**
 * The payloads of a run, as Spool's own benchmark makes them: `{"data": <filler>, "task_id": <n>}`, keys in Go's order.
 *
 * @param dataBytes length of the filler, in bytes (it is ASCII)
 * @returns a function from a task's run-wide number to its payload as JSON text
 */
export function payloadMaker(dataBytes: number): (taskNumber: number) => string {
	const data = FILLER.repeat(Math.ceil(dataBytes / FILLER.length)).slice(0, dataBytes);
	const head = `{"data":"${data}","task_id":`;
	return (taskNumber) => `${head}${taskNumber}}`;
}
