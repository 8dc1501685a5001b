import { percentileText } from "../../proto/histogramText.js";
import { STAGES, type StageName } from "../../proto/stages.js";
import type { MergedRun } from "../merge/merged.js";

/** `.hgrm` of one stage of a run, in ms; undefined where nothing was recorded of it. */
export function exportPercentiles(run: MergedRun, name: StageName): string | undefined {
	const info = STAGES.find((stage) => stage.name === name);
	const recorded = info && run.stages.get(info.stage);
	if (!info || !recorded || recorded.count === 0) return undefined;
	return percentileText(recorded.encode(info.stage), info.unit === "us" ? 1_000 : 1_000_000);
}
