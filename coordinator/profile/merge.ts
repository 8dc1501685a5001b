import { keyOf } from "./pprof.js";
import { type Frame, ProfileError, type StackProfile, type StackSample, type ValueType } from "./stackProfile.js";

interface Sum {
	readonly stack: readonly number[];
	readonly values: number[];
	readonly labels: ReadonlyMap<string, string>;
}

/** Labels of a sample that are found by its functions, the innermost first. */
export type LabelStack = (frames: readonly Frame[]) => ReadonlyMap<string, string>;

/** Adds profiles up, one by one: samples of one stack and one set of labels become one. Holds no more than the sum. */
export class ProfileMerger {
	#valueTypes: readonly ValueType[] | undefined;
	#defaultValue = 0;
	readonly #frames: Frame[] = [];
	readonly #frameIndexes = new Map<string, number>();
	readonly #sums = new Map<string, Sum>();
	#durationNs = 0;

	/** @param labelStack adds labels of its own to each sample */
	constructor(private readonly labelStack: LabelStack = () => new Map()) {}

	/**
	 * @param labels go to every sample of the profile
	 * @throws ProfileError where its values are not those of the profiles before it; nothing was added then
	 */
	add(profile: StackProfile, labels: ReadonlyMap<string, string> = new Map()): void {
		this.#valueTypes ??= profile.valueTypes;
		const named = (types: readonly ValueType[]) => types.map(({ type, unit }) => `${type}/${unit}`).join(", ");
		if (named(profile.valueTypes) !== named(this.#valueTypes)) {
			throw new ProfileError(`it has other values: ${named(profile.valueTypes)}, not ${named(this.#valueTypes)}`);
		}
		this.#defaultValue = profile.defaultValue;
		this.#durationNs += profile.durationNs;
		const indexes = profile.frames.map((frame) => this.#indexOf(frame));
		for (const sample of profile.samples) this.#addSample(profile, sample, indexes, labels);
	}

	/** Undefined where nothing was added. */
	merged(comments: readonly string[] = []): StackProfile | undefined {
		if (this.#valueTypes === undefined) return undefined;
		return {
			valueTypes: this.#valueTypes,
			defaultValue: this.#defaultValue,
			frames: this.#frames,
			samples: [...this.#sums.values()],
			durationNs: this.#durationNs,
			comments,
		};
	}

	#addSample(profile: StackProfile, sample: StackSample, indexes: readonly number[], labels: StackSample["labels"]) {
		const stack = sample.stack.map((index) => indexes[index] as number);
		const found = this.labelStack(sample.stack.map((index) => profile.frames[index] as Frame));
		const all = new Map([...sample.labels, ...found, ...labels]);
		const key = `${stack.join()};${[...all]
			.map(([name, value]) => `${name}=${value}`)
			.sort()
			.join()}`;
		const known = this.#sums.get(key);
		if (!known) this.#sums.set(key, { stack, values: [...sample.values], labels: all });
		else for (const [index, value] of sample.values.entries()) known.values[index] = (known.values[index] ?? 0) + value;
	}

	#indexOf(frame: Frame): number {
		const key = keyOf(frame);
		const known = this.#frameIndexes.get(key);
		if (known !== undefined) return known;
		this.#frameIndexes.set(key, this.#frames.length);
		return this.#frames.push(frame) - 1;
	}
}
