/** V8 notes what a function does from its first few calls on, and acts on it from then. */
const READS = 1_000;

/**
 * Undoes what a class that extends String does to all texts of the process; ioredis has one, for a kind of reply that RESP2 does
 * not know. V8 takes `String.prototype` for an object that is still being set up then, and keeps its methods in a table: they are
 * looked up at every call in place of once, and a loop over the characters of a text takes six times as long. It becomes what it
 * was when a method of a String object, not of a mere text, has been asked for a few times.
 */
export function mendStrings(): void {
	const text = new Object("text") as string;
	let sum = 0;
	for (let read = 0; read < READS; read++) sum += firstUnit(text);
	if (sum !== READS * text.charCodeAt(0)) throw new Error("a String object without the methods of a text");
}

function firstUnit(text: string): number {
	return text.charCodeAt(0);
}
