import { setTimeout as sleep } from "node:timers/promises";
import { planSubject, subjectsOf } from "../proto/telemetrySubjects.js";
import { LiveScreen } from "./liveScreen.js";
import { WatchedPlan } from "./watchedPlan.js";
import { type Feed, openFeed, WatchError } from "./watchFeed.js";

const LOOK_MS = 100;
/** Plans and agents tell of themselves once a second: after this time nobody is missing. */
const ALL_HEARD_MS = 1_500;
/** A coordinator that merges the results of hundreds of agents says nothing for as long as that takes. */
const SILENCE_MS = 30_000;
const MOST_PLANS = 100;
const EXIT_BAD_INPUT = 2;
const EXIT_NOT_HEARD = 5;

const MEANINGS: { readonly [exitCode: number]: string } = {
	0: "valid",
	2: "bad input",
	3: "completed, but not valid",
	4: "aborted",
	5: "agents missing",
	6: "a threshold failed, or a regression",
	7: "report not delivered",
};

export interface WatchOptions {
	/** See `natsUrlFault`. */
	readonly url: string;
	/** The plan's execution to follow; undefined: the one that is there. */
	readonly execution: string | undefined;
	/** How long to wait for a plan to be heard; undefined: for ever. */
	readonly waitMs: number | undefined;
	/** How long the coordinator may be silent while NATS is there. Default: 30 s. */
	readonly silenceMs?: number;
	readonly interrupt: AbortSignal;
	/** A line for people, beside the live view. */
	readonly say: (line: string) => void;
}

/**
 * Shows the live view of a plan that coordinator and agents publish, from whenever it is heard to its end:
 *
 *   finding (all plans that tell of themselves, until there is one) ─▶ following (one plan, its agents too) ─▶ over
 *
 * @throws WatchError; what `interrupt` was aborted with
 */
export async function watch(options: WatchOptions): Promise<void> {
	const startedAtMs = performance.now();
	const execution = options.execution ?? (await find(options, startedAtMs));
	if (execution !== undefined) await follow(options, execution, startedAtMs);
}

/** @returns the execution of the only plan there is; undefined: it was over before it could be followed */
async function find(options: WatchOptions, startedAtMs: number): Promise<string | undefined> {
	const plans = new Map<string, WatchedPlan>();
	let heardAtMs = Number.POSITIVE_INFINITY;
	const feed = openFeed({
		url: options.url,
		subject: planSubject("*"),
		onMessage: (source, payload) => {
			const known = plans.get(source.execution);
			const plan = known ?? new WatchedPlan();
			plan.take(source, payload, performance.now());
			// Of a plan that was over before, nothing is to be seen.
			if (known || plan.heardAtMs === undefined || plan.exitCode !== undefined || plans.size >= MOST_PLANS) return;
			plans.set(source.execution, plan);
			heardAtMs = Math.min(heardAtMs, plan.heardAtMs);
		},
		onNotice: options.say,
	});
	let told = false;
	try {
		for (;;) {
			const nowMs = performance.now();
			feed.check();
			const live = [...plans].filter(([, { exitCode }]) => exitCode === undefined);
			const [only] = live;
			const [over] = plans;
			if (over && !only) {
				options.say(endText(...over));
				return undefined;
			}
			if (only && nowMs - heardAtMs >= ALL_HEARD_MS) {
				if (live.length === 1) return only[0];
				throw new WatchError(choice(live), EXIT_BAD_INPUT);
			}
			if (!only) requirePatience(options, startedAtMs, nowMs, feed);
			if (!told && feed.connectedSinceMs !== undefined && !only) {
				options.say(`waiting for a run that publishes on ${feed.shown}`);
				told = true;
			}
			await sleep(LOOK_MS, undefined, { signal: options.interrupt });
		}
	} finally {
		await feed.close();
	}
}

function choice(plans: readonly (readonly [string, WatchedPlan])[]): string {
	const nowMs = performance.now();
	const lines = plans.map(([execution, plan]) => {
		const { name, phase, agentsTotal } = plan.progress(nowMs) ?? { name: "", phase: "", agentsTotal: 0 };
		return `  --run ${execution}   ${name}, ${phase}, ${agentsTotal} agents`;
	});
	return `${plans.length} plans are under way; choose one:\n${lines.join("\n")}`;
}

async function follow(options: WatchOptions, execution: string, startedAtMs: number): Promise<void> {
	const plan = new WatchedPlan();
	const screen = new LiveScreen(false);
	const feed = openFeed({
		url: options.url,
		subject: subjectsOf(execution),
		onMessage: (source, payload) => plan.take(source, payload, performance.now()),
		onNotice: (notice) => {
			screen.clear();
			options.say(notice);
		},
	});
	let shown = -1;
	let heardAtMs: number | undefined;
	try {
		while (plan.exitCode === undefined) {
			const nowMs = performance.now();
			feed.check();
			const view = plan.progress(nowMs);
			if (view) {
				heardAtMs ??= nowMs;
				if (plan.ordinal !== shown) screen.begin(nowMs);
				shown = plan.ordinal;
				if (plan.complete || nowMs - heardAtMs >= ALL_HEARD_MS) screen.update(nowMs, () => view);
				requireWord(options, execution, plan, feed, nowMs);
			} else requirePatience(options, startedAtMs, nowMs, feed);
			await sleep(LOOK_MS, undefined, { signal: options.interrupt });
		}
		const view = plan.progress(performance.now());
		if (view && plan.agentsHeard > 0) screen.end(performance.now(), view);
		else screen.clear();
		options.say(endText(execution, plan));
	} catch (error) {
		screen.clear();
		throw error;
	} finally {
		await feed.close();
	}
}

function endText(execution: string, { exitCode = 0, lost, unreadable }: WatchedPlan): string {
	const meaning = MEANINGS[exitCode];
	return [
		`${execution} is over: exit code ${exitCode}${meaning ? ` (${meaning})` : ""}`,
		...(lost > 0 ? [`${lost} statuses were lost on the way`] : []),
		...(unreadable > 0 ? [`${unreadable} messages made no sense`] : []),
	].join("; ");
}

/** @throws WatchError when no plan was heard for as long as the user would wait */
function requirePatience({ waitMs, execution }: WatchOptions, startedAtMs: number, nowMs: number, feed: Feed): void {
	if (waitMs === undefined || nowMs - startedAtMs < waitMs) return;
	const what = execution === undefined ? "no run" : `nothing of ${execution}`;
	throw new WatchError(`${what} was heard on ${feed.shown} within ${waitMs / 1_000} s`, EXIT_NOT_HEARD);
}

/** @throws WatchError when the coordinator has been silent for too long, and that is not NATS's fault */
function requireWord(
	{ silenceMs = SILENCE_MS }: WatchOptions,
	execution: string,
	{ heardAtMs = 0 }: WatchedPlan,
	{ connectedSinceMs }: Feed,
	nowMs: number,
): void {
	if (connectedSinceMs === undefined || nowMs - Math.max(heardAtMs, connectedSinceMs) < silenceMs) return;
	const reason = "its coordinator is gone, or cannot reach NATS";
	throw new WatchError(`nothing was heard of ${execution} for ${silenceMs / 1_000} s: ${reason}`, EXIT_NOT_HEARD);
}
