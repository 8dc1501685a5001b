import type { RedisSample, RedisServer } from "../../proto/gen/measurement.js";

/** The fields of an INFO reply, by name. */
export type Info = ReadonlyMap<string, string>;

/** @param reply INFO's text; empty where INFO is not permitted */
export function parseInfo(reply: string): Info {
	const fields = new Map<string, string>();
	for (const line of reply.split("\r\n")) {
		const colon = line.indexOf(":");
		if (colon > 0 && !line.startsWith("#")) fields.set(line.slice(0, colon), line.slice(colon + 1));
	}
	return fields;
}

const UNKNOWN = "unknown";

/** @param save the value of the setting `save`, its snapshot schedule; undefined where CONFIG is not permitted */
export function serverFromInfo(info: Info, save: string | undefined): RedisServer {
	return {
		version: info.get("valkey_version") ?? info.get("redis_version") ?? UNKNOWN,
		mode: info.get("redis_mode") ?? info.get("server_mode") ?? UNKNOWN,
		os: info.get("os") ?? UNKNOWN,
		serverName: info.get("server_name") ?? (info.has("redis_version") ? "redis" : UNKNOWN),
		maxMemoryBytes: number(info, "maxmemory"),
		evictionPolicy: info.get("maxmemory_policy") ?? UNKNOWN,
		persistence: persistence(info.get("aof_enabled"), save),
	};
}

function persistence(aofEnabled: string | undefined, save: string | undefined): string {
	if (aofEnabled === undefined || save === undefined) return UNKNOWN;
	const kinds = [...(save === "" ? [] : ["rdb"]), ...(aofEnabled === "1" ? ["aof"] : [])];
	return kinds.join("+") || "none";
}

/** @param backlog queue lengths by priority, 0 low … 3 critical */
export function sampleFromInfo(info: Info, backlog: number[], atUs: number): RedisSample {
	const systemSeconds = number(info, "used_cpu_sys_main_thread");
	const userSeconds = number(info, "used_cpu_user_main_thread");
	return {
		atUs,
		backlog,
		usedMemoryBytes: number(info, "used_memory"),
		cpuMainUs: systemSeconds < 0 || userSeconds < 0 ? -1 : (systemSeconds + userSeconds) * 1e6,
		commands: number(info, "total_commands_processed"),
		evictedKeys: number(info, "evicted_keys"),
		connectedClients: number(info, "connected_clients"),
	};
}

/** -1 where Redis does not tell. */
function number(info: Info, name: string): number {
	const value = info.get(name);
	return value === undefined || value === "" || Number.isNaN(Number(value)) ? -1 : Number(value);
}
