import { type Frame, framesOf, type StackProfile } from "./stackProfile.js";

/** What the time or the memory went to, in the order of legends. */
export const CATEGORIES = [
	"Redis client",
	"queue",
	"JSON",
	"workers",
	"polling",
	"handler",
	"producers",
	"recorder",
	"gRPC",
	"agent",
	"Node.js",
	"garbage collection",
	"other threads",
	"native",
	"idle",
	"other",
] as const;
export type Category = (typeof CATEGORIES)[number];

/** What V8 and the profiler call what is no function. */
const BY_NAME: ReadonlyMap<string, Category> = new Map([
	["Garbage Collection", "garbage collection"],
	["Non JS threads activity", "other threads"],
	["(program)", "native"],
	["(idle)", "idle"],
]);

/** The first that fits a function's file. */
const BY_FILE: readonly (readonly [RegExp, Category])[] = [
	[/^node_modules\/(ioredis|@ioredis|redis-parser|denque|standard-as-callback|cluster-key-slot)\//, "Redis client"],
	[/^agent\/spool\/(connection|commandBuffer|corked)\.ts$/, "Redis client"],
	[/^agent\/spool\/(task|gojson|gotime)\.ts$/, "JSON"],
	[/^agent\/spool\//, "queue"],
	[/^agent\/work\/(handlers|handling|slots)\.ts$/, "handler"],
	[/^agent\/work\/ticker\.ts$/, "polling"],
	[/^agent\/work\//, "workers"],
	[/^agent\/load\//, "producers"],
	[
		/^(agent\/measure\/|proto\/(histogram|ledger|stages|resources|taskid)|node_modules\/hdr-histogram-js\/)/,
		"recorder",
	],
	[/^(node_modules\/(@grpc|@bufbuild|protobufjs)\/|proto\/|agent\/session\.ts$)/, "gRPC"],
	[/^node:(internal\/)?http2/, "gRPC"],
	[/^agent\//, "agent"],
];

/**
 * What a stack is counted for: the innermost function whose file belongs to somebody. Node's own functions work for whoever
 * called them, and count for themselves where nobody is to be seen: then the event loop did.
 *
 * @param frames the innermost first
 */
export function categoryOf(frames: readonly Frame[]): Category {
	const [innermost] = frames;
	if (!innermost) return "other";
	const special = BY_NAME.get(innermost.name);
	if (special && innermost.file === "") return special;
	for (const { file } of frames) {
		const rule = BY_FILE.find(([pattern]) => pattern.test(file));
		if (rule) return rule[1];
	}
	return frames.some(({ file }) => file.startsWith("node:")) ? "Node.js" : "other";
}

export interface CategoryShare {
	readonly category: Category;
	readonly value: number;
}

/** Each category's part of a value, the largest first; those without any are left out. */
export function categoryShares(profile: StackProfile, value: number): CategoryShare[] {
	const sums = new Map<Category, number>();
	for (const sample of profile.samples) {
		const category = categoryOf(framesOf(profile, sample));
		sums.set(category, (sums.get(category) ?? 0) + (sample.values[value] ?? 0));
	}
	return [...sums]
		.map(([category, sum]) => ({ category, value: sum }))
		.filter((share) => share.value > 0)
		.sort((a, b) => b.value - a.value);
}
