/** A profile with its tables looked up: stacks of functions, each with values. */
export interface StackProfile {
	readonly valueTypes: readonly ValueType[];
	/** Index of the value that readers show first. */
	readonly defaultValue: number;
	readonly frames: readonly Frame[];
	readonly samples: readonly StackSample[];
	/** Of what was profiled, added up over the profiles that were merged. */
	readonly durationNs: number;
	/** `key=value`, as this program writes them. */
	readonly comments: readonly string[];
}

/** `cpu` in `nanoseconds`. */
export interface ValueType {
	readonly type: string;
	readonly unit: string;
}

/** A function; two of one name are told apart by file and line. */
export interface Frame {
	readonly name: string;
	/** `agent/runner.ts`; empty for what has no source. */
	readonly file: string;
	/** Where the function begins; 0 where that is not known. */
	readonly line: number;
}

export interface StackSample {
	/** Indexes of frames, the innermost first. */
	readonly stack: readonly number[];
	/** One for each value type. */
	readonly values: readonly number[];
	readonly labels: ReadonlyMap<string, string>;
}

/** What cannot be read as a profile, or not with another one; the message is a sentence for the user. */
export class ProfileError extends Error {
	override readonly name = "ProfileError";
}

/** The functions of a sample, the innermost first. */
export function framesOf(profile: StackProfile, { stack }: StackSample): Frame[] {
	return stack.map((index) => profile.frames[index] as Frame);
}

/** The total of one value. */
export function totalOf({ samples }: StackProfile, value: number): number {
	return samples.reduce((sum, { values }) => sum + (values[value] ?? 0), 0);
}

/**
 * The index of a value type, the profile's own choice where no type is named.
 *
 * @throws ProfileError naming those that are there
 */
export function valueIndex({ valueTypes, defaultValue }: StackProfile, type: string | undefined): number {
	if (type === undefined) return defaultValue;
	const index = valueTypes.findIndex((each) => each.type === type);
	if (index >= 0) return index;
	throw new ProfileError(`there is no value ${type} in it; it has ${valueTypes.map((each) => each.type).join(", ")}`);
}

/** `12` of `tasks=12`; undefined where there is none. */
export function commentNumber({ comments }: StackProfile, key: string): number | undefined {
	const text = comments.find((comment) => comment.startsWith(`${key}=`))?.slice(key.length + 1);
	const number = Number(text);
	return text === undefined || !(number > 0) ? undefined : number;
}
