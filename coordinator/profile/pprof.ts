import { gunzipSync, gzipSync } from "node:zlib";
import {
	Label,
	Line,
	Location,
	Function as PprofFunction,
	ValueType as PprofValueType,
	Profile,
	Sample,
	StringTable,
} from "pprof-format";
import { type Frame, ProfileError, type StackProfile, type StackSample } from "./stackProfile.js";

/** What a profile may unpack to. */
export const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;
const MOST_FRAMES_A_STACK = 1_000;

/**
 * Reads pprof's format, gzipped or not, whoever wrote it.
 *
 * @throws ProfileError where it is something else, damaged, or too large
 */
export function readPprof(bytes: Uint8Array, maxBytes = MAX_UNPACKED_BYTES): StackProfile {
	const profile = decode(unpack(bytes, maxBytes));
	if (profile.sampleType.length === 0) throw new ProfileError("it is no profile in pprof's format: it names no values");
	const text = (index: number | bigint) => profile.stringTable.strings[Number(index)] ?? "";
	const functions = new Map(profile.function.map((each) => [Number(each.id), each]));
	const frames: Frame[] = [];
	const indexes = new Map<string, number>();
	const frameIndex = (frame: Frame): number => {
		const key = keyOf(frame);
		const known = indexes.get(key);
		if (known !== undefined) return known;
		indexes.set(key, frames.length);
		return frames.push(frame) - 1;
	};
	const stackOf = (location: Location): number[] => {
		// A location has several lines where functions were inlined, the innermost first.
		if (location.line.length === 0) {
			return [frameIndex({ name: `0x${BigInt(location.address).toString(16)}`, file: "", line: 0 })];
		}
		return location.line.map((line) => {
			const its = functions.get(Number(line.functionId));
			const begin = Number(its?.startLine ?? 0) || Number(line.line);
			return frameIndex({ name: text(its?.name ?? 0) || "?", file: text(its?.filename ?? 0), line: begin });
		});
	};
	const locations = new Map(profile.location.map((each) => [Number(each.id), stackOf(each)]));
	const valueTypes = profile.sampleType.map(({ type, unit }) => ({ type: text(type), unit: text(unit) }));
	const samples = profile.sample.map(({ locationId, value, label }): StackSample => {
		if (value.length !== valueTypes.length || locationId.length > MOST_FRAMES_A_STACK) {
			throw new ProfileError("it is damaged: a sample does not have the values that it should have");
		}
		return {
			stack: locationId.flatMap((id) => locations.get(Number(id)) ?? []),
			values: value.map(Number),
			labels: new Map(label.map(({ key, str, num }) => [text(key), Number(str) > 0 ? text(str) : String(num)])),
		};
	});
	const byName = valueTypes.findIndex(({ type }) => type === text(profile.defaultSampleType));
	return {
		valueTypes,
		// pprof shows the last one where the profile does not say.
		defaultValue: byName >= 0 ? byName : valueTypes.length - 1,
		frames,
		samples,
		durationNs: Number(profile.durationNanos),
		comments: profile.comment.map(text),
	};
}

/** What tells a function from others. */
export function keyOf({ name, file, line }: Frame): string {
	return `${name}\0${file}\0${line}`;
}

/** Gzipped pprof. @param timeNs when it was taken, since 1970 */
export function writePprof(profile: StackProfile, timeNs: bigint): Uint8Array {
	const stringTable = new StringTable();
	const text = (value: string) => stringTable.dedup(value);
	const valueType = ({ type, unit }: { type: string; unit: string }) =>
		new PprofValueType({ type: text(type), unit: text(unit) });
	const encoded = new Profile({
		sampleType: profile.valueTypes.map(valueType),
		sample: profile.samples.map(
			({ stack, values, labels }) =>
				new Sample({
					locationId: stack.map((index) => index + 1),
					value: values.map(Math.round),
					label: [...labels].map(([key, str]) => new Label({ key: text(key), str: text(str) })),
				}),
		),
		// One location and one function for each frame.
		location: profile.frames.map(
			({ line }, index) => new Location({ id: index + 1, line: [new Line({ functionId: index + 1, line })] }),
		),
		function: profile.frames.map(
			({ name, file, line }, index) =>
				new PprofFunction({
					id: index + 1,
					name: text(name),
					systemName: text(name),
					filename: text(file),
					startLine: line,
				}),
		),
		stringTable,
		timeNanos: timeNs,
		durationNanos: Math.round(profile.durationNs),
		comment: profile.comments.map(text),
		defaultSampleType: text(profile.valueTypes[profile.defaultValue]?.type ?? ""),
	});
	return gzipSync(encoded.encode());
}

function unpack(bytes: Uint8Array, maxBytes: number): Uint8Array {
	const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
	if (bytes.length === 0) throw new ProfileError("it is empty");
	if (!isGzip && bytes.length <= maxBytes) return bytes;
	try {
		if (isGzip) return gunzipSync(bytes, { maxOutputLength: maxBytes });
	} catch (error) {
		throw new ProfileError(`it is damaged and cannot be unpacked: ${(error as Error).message}`, { cause: error });
	}
	throw new ProfileError(`it is larger than ${maxBytes} bytes`);
}

function decode(bytes: Uint8Array): Profile {
	try {
		return Profile.decode(bytes);
	} catch (error) {
		throw new ProfileError(`it is no profile in pprof's format: ${(error as Error).message}`, { cause: error });
	}
}
