import { expect, test } from "vitest";
import { Permits } from "./permits.js";

test("grants what is free at once, then in order of asking", async () => {
	const permits = new Permits(1);
	expect(permits.take()).toBe(true);
	const order: string[] = [];
	const first = Promise.resolve(permits.take()).then(() => order.push("first"));
	const second = Promise.resolve(permits.take()).then(() => order.push("second"));
	permits.give();
	await first;
	expect(order).toEqual(["first"]);
	permits.give();
	await second;
	expect(order).toEqual(["first", "second"]);
});

test("a permit given while nobody waits is kept", () => {
	const permits = new Permits(0);
	permits.give();
	expect(permits.take()).toBe(true);
});

test("closing turns away those who wait and those who come", async () => {
	const permits = new Permits(0);
	const waiting = permits.take();
	permits.close();
	permits.close();
	expect(await waiting).toBe(false);
	expect(permits.take()).toBe(false);
});
