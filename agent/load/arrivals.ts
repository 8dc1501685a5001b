import { ArrivalProcess, type OpenLoad } from "../../proto/gen/slice.js";
import { makeProfile } from "../../proto/profile.js";
import { randomStream } from "./random.js";

/** One agent's arrivals, in order: a cursor over when each is due. */
export interface Arrivals {
	/** When the current arrival is due, in µs since the epoch; infinity where there is none any more. */
	readonly dueUs: number;
	/** Goes on to the next one. */
	advance(): void;
}

/**
 * An agent's share of the cluster's arrivals (measurement.md §2). Each is due at `Λ⁻¹(x)`, from its own x and never from the
 * arrival before it, so that no rounding adds up. The shares of all agents together are the cluster's process: uniform and
 * burst arrivals are dealt out one by one, and Poisson processes of λ/N each add up to one of λ.
 *
 * @throws RangeError for a profile that is none, or an unknown process
 */
export function openArrivals(load: OpenLoad): Arrivals {
	const { profile, shareCount, shareIndex } = load;
	const rate = makeProfile(profile);
	const next = positions(load);
	const dueUs = () => {
		const position = next();
		return position < rate.arrivals ? rate.timeOf(position) * 1_000 : Number.POSITIVE_INFINITY;
	};
	if (!(shareIndex < shareCount)) throw new RangeError(`share ${shareIndex} of ${shareCount}`);
	let due = dueUs();
	return {
		get dueUs() {
			return due;
		},
		advance() {
			due = dueUs();
		},
	};
}

/** The x of each of the agent's arrivals, on the axis of the cluster's Λ. */
function positions({ arrivals, burst, seed, shareIndex, shareCount }: OpenLoad): () => number {
	let index = shareIndex - shareCount;
	switch (arrivals) {
		case ArrivalProcess.UNIFORM:
			return () => {
				index += shareCount;
				return index + 0.5;
			};
		case ArrivalProcess.BURST:
			return () => {
				index += shareCount;
				return (Math.floor(index / burst) + 0.5) * burst;
			};
		case ArrivalProcess.POISSON: {
			const random = randomStream(seed, shareIndex);
			let position = 0;
			return () => {
				position -= Math.log(1 - random()) * shareCount;
				return position;
			};
		}
		default:
			throw new RangeError(`arrivals of the unknown kind ${arrivals}`);
	}
}
