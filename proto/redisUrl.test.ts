import { expect, test } from "vitest";
import { hidePasswords, redisUrlFault } from "./redisUrl.js";

test.each([
	"redis://localhost",
	"redis://127.0.0.1:6379",
	"redis://[::1]:6379/3",
	"redis://user:p%40ss@host:6380/0",
	"redis://:secret@host",
	"rediss://host/",
	"unix:///run/redis.sock",
	"unix:///run/redis.sock?db=3&password=x",
])("%s is fine", (url) => {
	expect(redisUrlFault(url)).toBeUndefined();
});

test.each([
	["", "expected a URL such as redis://127.0.0.1:6379, rediss://… or unix:///path/to.sock"],
	["localhost", "expected a URL such as redis://127.0.0.1:6379, rediss://… or unix:///path/to.sock"],
	["redis://host:99999", "expected a URL such as redis://127.0.0.1:6379, rediss://… or unix:///path/to.sock"],
	["localhost:6379", "expected a URL that begins with redis://, rediss:// or unix://"],
	["http://host", "expected a URL that begins with redis://, rediss:// or unix://"],
	["redis:", "expected a host after redis://"],
	["redis:///2", "expected a host after redis://"],
	["redis://host/two", "expected nothing after the host but the database's number"],
	["redis://host/1/2", "expected nothing after the host but the database's number"],
	["unix://run/redis.sock", "expected the socket's absolute path after unix://"],
	["unix:///", "expected the socket's absolute path after unix://"],
	["unix:///redis.sock?db=x", "expected a whole number as db"],
])("%j is refused", (url, fault) => {
	expect(redisUrlFault(url)).toBe(fault);
});

test.each([
	["redis://host:6379", "redis://host:6379"],
	["redis://:secret@host", "redis://:***@host"],
	["redis://user:secret@host/2", "redis://user:***@host/2"],
	["redis://us er:sec@r/et :x@host", "redis://us er:***@host"],
	["redis://u:line\nbreak@host", "redis://u:***@host"],
	["unix:///s.sock?password=secret&db=2", "unix:///s.sock?password=***&db=2"],
	["unix:///s.sock?db=2&PASSWORD=secret", "unix:///s.sock?db=2&PASSWORD=***"],
	["run --redis redis://u:secret@host --tasks 5", "run --redis redis://u:***@host --tasks 5"],
	["nothing here: me@home", "nothing here: me@home"],
	["run --nats nats://t0ken@host:4222 --tasks 5", "run --nats nats://***@host:4222 --tasks 5"],
	["tls://user:secret@host", "tls://***@host"],
	["nats://host:4222", "nats://host:4222"],
])("%j is shown as %j", (text, shown) => {
	expect(hidePasswords(text)).toBe(shown);
});
