import { setFlagsFromString } from "node:v8";
import { runInThisContext } from "node:vm";
import { expect, test } from "vitest";
import { mendStrings } from "./mendedStrings.js";

setFlagsFromString("--allow-natives-syntax");
const hasFastMethods = runInThisContext("() => %HasFastProperties(String.prototype)") as () => boolean;

test("ioredis slows every text down, and that is mended for good", async () => {
	expect(hasFastMethods()).toBe(true);
	await import("ioredis");
	// Where this fails there is nothing left to mend.
	expect(hasFastMethods()).toBe(false);
	mendStrings();
	expect(hasFastMethods()).toBe(true);
	expect(class extends String {}).toBeDefined();
	expect(hasFastMethods()).toBe(true);
});
