// All of it in one file: the same as some hundred modules takes several times as long to load.
import { init } from "echarts/dist/echarts.esm.min.mjs";
import { escapeHtml, type Markup, trusted } from "./markup.js";

/** Drawn in user units; on the page a chart is as wide as its column. */
export const CHART_WIDTH = 1_000;

/** The page's style sheet gives each its value in either theme. */
export const INK = "var(--ink)";
export const MUTED = "var(--muted)";
export const RULE = "var(--rule)";
export const SERIES = {
	first: "var(--s1)",
	second: "var(--s2)",
	third: "var(--s3)",
	fourth: "var(--s4)",
	fifth: "var(--s5)",
	sixth: "var(--s6)",
} as const;

export const TEXT = { color: MUTED, fontSize: 13, fontFamily: "inherit" } as const;

/** A legend above the plot, at its left. */
export const LEGEND = { top: 0, left: 0, itemWidth: 22, itemHeight: 10, itemGap: 34, textStyle: TEXT, silent: true };

export const AXIS = {
	axisLine: { lineStyle: { color: RULE } },
	axisTick: { lineStyle: { color: RULE } },
	axisLabel: TEXT,
	nameTextStyle: TEXT,
	splitLine: { lineStyle: { color: RULE } },
};

export interface Chart {
	/** Distinct on the page. */
	readonly id: string;
	readonly height: number;
	/** What it shows, for those who do not see it. */
	readonly label: string;
	/** Of echarts. */
	readonly option: object;
	/** Drawn over it. */
	readonly overlay?: Markup | undefined;
}

/** The chart as SVG that needs no script; the same chart gives the same bytes. */
export function drawChart({ id, height, label, option, overlay }: Chart): Markup {
	const drawing = init(null, null, { renderer: "svg", ssr: true, width: CHART_WIDTH, height });
	try {
		drawing.setOption({ animation: false, textStyle: TEXT, ...option });
		const svg = drawing.renderToSVGString();
		const inner = svg.slice(svg.indexOf(">") + 1, svg.lastIndexOf("</svg>"));
		return trusted(
			`<svg class="chart" role="img" aria-label="${escapeHtml(label)}" width="${CHART_WIDTH}" height="${height}" ` +
				`viewBox="0 0 ${CHART_WIDTH} ${height}">${lean(inner, id)}${overlay?.source ?? ""}</svg>`,
		);
	} finally {
		drawing.dispose();
	}
}

/** Without what serves a script that is not there; with identifiers that do not depend on what was drawn before. */
function lean(svg: string, id: string): string {
	return svg
		.replace(/<style\b[\s\S]*?<\/style>/g, "")
		.replace(/ (?:class|pointer-events|ecmeta_\w+)="[^"]*"/g, "")
		.replace(/\bzr\d+-/g, `${id}-`)
		.replace(/font-family:inherit;?/g, "")
		.replace(/<[^>]+>/g, (tag) => tag.replace(/\d+\.\d{2,}/g, (digits) => String(Number(Number(digits).toFixed(1)))))
		.replace(/>\s+</g, "><");
}
