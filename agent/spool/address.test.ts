import { describe, expect, it } from "vitest";
import { parseRedisUrl } from "./address.js";

describe("parseRedisUrl", () => {
	it.each([
		["redis://h", { host: "h", port: 6379, db: 0 }],
		["redis://h:1234/5", { host: "h", port: 1234, db: 5 }],
		["redis://:p%40ss@h", { host: "h", port: 6379, password: "p@ss", db: 0 }],
		["redis://us%3Aer:p@[::1]:7/", { host: "::1", port: 7, username: "us:er", password: "p", db: 0 }],
		["rediss://h", { host: "h", port: 6379, db: 0, tls: {} }],
		["unix:///tmp/a%20b.sock", { path: "/tmp/a b.sock", db: 0 }],
		["unix:///s?db=3&password=p%26q", { path: "/s", password: "p&q", db: 3 }],
		["unix:///s?username=u&password=p", { path: "/s", username: "u", password: "p", db: 0 }],
	])("%s", (url, address) => {
		expect(parseRedisUrl(url)).toEqual(address);
	});

	it.each(["http://u:secret@h", "h:6379", "redis://:secret@", "redis://u:secret@h/x", "unix://?password=secret", ""])(
		"refuses %j without showing a password",
		(url) => {
			expect(() => parseRedisUrl(url)).toThrow(/^Redis URL "(?!.*secret).*": expected /);
		},
	);
});
