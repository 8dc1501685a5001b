import { type Runtime, Session } from "node:inspector";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import * as pprof from "@datadog/pprof";
import { Line, Location, Function as PprofFunction, Profile, Sample, StringTable, ValueType } from "pprof-format";
import { nowUs } from "./clock.js";
import type { Sampling } from "./profiler.js";
import { MAPPED_FOLDERS, sourceName } from "./profilerSources.js";

const compress = promisify(gzip);

/**
 * Samples what is allocated, collected since or not. V8's sampler is used through the inspector: under Node 26 the profiler's
 * own interface tells of what is still alive alone, and of a drained queue that is next to nothing.
 */
export async function openHeapSampling(samplingInterval: number): Promise<Sampling> {
	const sourceMapper = await pprof.SourceMapper.create([...MAPPED_FOLDERS]);
	const session = new Session();
	session.connect();
	let sampling = false;
	let startedUs = 0;
	const start = () => {
		call(session, "HeapProfiler.startSampling", {
			samplingInterval,
			includeObjectsCollectedByMajorGC: true,
			includeObjectsCollectedByMinorGC: true,
		});
		sampling = true;
		startedUs = nowUs();
	};
	return {
		start,
		async take(restart) {
			const taken = call(session, "HeapProfiler.stopSampling") as { profile: AllocationProfile };
			sampling = false;
			const durationUs = nowUs() - startedUs;
			if (restart) start();
			else session.disconnect();
			return compress(toPprof(taken.profile, samplingInterval, durationUs, sourceMapper).encode());
		},
		stop() {
			if (sampling) call(session, "HeapProfiler.stopSampling");
			sampling = false;
			session.disconnect();
		},
	};
}

/** A call of the inspector of this very process, which is answered before it returns. */
function call(session: Session, method: string, parameters: object = {}): unknown {
	let answer: { error: Error | null; result: unknown } | undefined;
	session.post(method, parameters, (error, result) => {
		answer = { error, result };
	});
	if (!answer) throw new Error(`the inspector did not answer ${method}`);
	if (answer.error) throw new Error(`${method}: ${answer.error.message}`, { cause: answer.error });
	return answer.result;
}

/** A call of the tree. */
interface Node {
	readonly id: number;
	readonly callFrame: Runtime.CallFrame;
	/** Bytes allocated in it, scaled up by V8 from what was sampled. */
	readonly selfSize: number;
	readonly children: readonly Node[];
}

/** HeapProfiler.SamplingHeapProfile of V8's inspector protocol. */
export interface AllocationProfile {
	readonly head: Node;
	readonly samples: readonly { readonly nodeId: number }[];
}

/** V8's tree of calls as samples: of each node what it allocated itself. */
export function toPprof(
	{ head, samples }: AllocationProfile,
	intervalBytes: number,
	durationUs: number,
	sources: { mappingInfo: pprof.SourceMapper["mappingInfo"] },
): Profile {
	const stringTable = new StringTable();
	const text = (value: string) => stringTable.dedup(value);
	const counts = new Map<number, number>();
	for (const { nodeId } of samples) counts.set(nodeId, (counts.get(nodeId) ?? 0) + 1);
	const profile = new Profile({
		sampleType: [
			new ValueType({ type: text("samples"), unit: text("count") }),
			new ValueType({ type: text("alloc_space"), unit: text("bytes") }),
		],
		stringTable,
		periodType: new ValueType({ type: text("space"), unit: text("bytes") }),
		period: intervalBytes,
		timeNanos: BigInt(Date.now()) * 1_000_000n,
		durationNanos: Math.round(durationUs * 1_000),
		defaultSampleType: text("alloc_space"),
	});
	const locations = new Map<string, number>();
	const locate = ({ callFrame }: Node): number => {
		const { functionName, url, lineNumber, columnNumber } = callFrame;
		const key = `${callFrame.scriptId}:${lineNumber}:${columnNumber}:${functionName}`;
		const known = locations.get(key);
		if (known !== undefined) return known;
		const file = url.startsWith("file://") ? url.slice("file://".length) : url;
		const generated = { file, line: lineNumber + 1, column: columnNumber + 1, name: functionName };
		const source = lineNumber >= 0 ? sources.mappingInfo(generated) : { file, name: functionName, line: 0 };
		const name = text(source.name || `(anonymous:L#${source.line ?? 0})`);
		const id = profile.location.length + 1;
		const filename = text(sourceName(source.file ?? ""));
		const startLine = source.line ?? 0;
		profile.function.push(new PprofFunction({ id, name, systemName: name, filename, startLine }));
		profile.location.push(new Location({ id, line: [new Line({ functionId: id, line: source.line ?? 0 })] }));
		locations.set(key, id);
		return id;
	};
	const pending = head.children.map((node) => ({ node, callers: [] as readonly number[] }));
	for (let next = pending.pop(); next; next = pending.pop()) {
		const stack = [locate(next.node), ...next.callers];
		const { selfSize, id, children } = next.node;
		if (selfSize > 0) profile.sample.push(new Sample({ locationId: stack, value: [counts.get(id) ?? 0, selfSize] }));
		for (const node of children) pending.push({ node, callers: stack });
	}
	return profile;
}
