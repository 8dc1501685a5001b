import { expect, test } from "vitest";
import { simulatedRun } from "../../tests/support/records.js";
import { mergeRun } from "../merge/merge.js";
import { verdictOf } from "./verdict.js";

test("a run with planted faults is INVALID and says which; one without says nothing of them", () => {
	const record = simulatedRun({ tasks: 1_000 });
	const planted = { ...record, faults: ["agent 0 stands still for 1000 ms, 2000 ms into the run"] };
	const { validity, reasons } = verdictOf(mergeRun(planted));
	expect(validity).toBe("INVALID");
	expect(reasons[0]).toMatchObject({ code: "faults-planted", figure: 1 });
	expect(reasons[0]?.sentence).toContain("agent 0 stands still for 1000 ms");
	expect(verdictOf(mergeRun(record)).reasons.map(({ code }) => code)).not.toContain("faults-planted");
});
