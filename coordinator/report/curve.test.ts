import { expect, it } from "vitest";
import { curveLines } from "./curve.js";

type Scaling = Parameters<typeof curveLines>[0];

function scalingOf(rates: readonly number[], fit: Scaling["fit"] = null): Scaling {
	const curve = rates.map((measured, index) => {
		const n = 2 ** index;
		return { n, measured, fitted: null, ideal: (rates[0] ?? 0) * n };
	});
	return { dimension: "workers", verdict: null, fit, fitWithheld: null, curve };
}

it("draws points, the law and the line in proportion", () => {
	const quality = { aiccAboveBest: 0, worstResidual: 0, rejected: false };
	const capped = scalingOf([1_000, 2_000, 4_000, 4_000, 4_000], {
		chosen: "cap",
		usl: null,
		cap: { ...quality, lambda: 1_000, cap: 4_000 },
		sentence: "",
	});
	expect(curveLines(capped).join("\n")).toMatchInlineSnapshot(`
		"    5,200 │                   ··
		          │                 ··
		          │               ··
		          │              ─●──────────────●────────────────────────────●
		    3,309 │            ──
		          │          ──
		          │        ──
		          │       ●
		    1,418 │     ──
		          │   ─●
		          │ ──
		          │·
		        0 └────────────────────────────────────────────────────────────
		               1  2       4              8                           16
		           tasks/s by workers: ● measured  ─ fitted  · in proportion"
	`);
});

it("keeps to 80 columns, whatever the figures", () => {
	for (const rates of [
		[0.001, 0.002, 0.003],
		[1e8, 3e9, 1e3, 5e9, 1, 2, 3e9],
		Array.from({ length: 14 }, (_, i) => i + 1),
	]) {
		const lines = curveLines(scalingOf(rates));
		expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
		expect(lines.join("").split("●").length).toBeGreaterThan(2);
	}
});

it("draws nothing of two sizes, and nothing where nothing was done", () => {
	expect(curveLines(scalingOf([1, 2]))).toEqual([]);
	expect(curveLines(scalingOf([0, 0, 0, 0]))).toEqual([]);
});
