import { type FlameBox, layOut } from "./flameLayout.js";
import { flameStyle } from "./flamePalette.js";
import type { CallNode } from "./fold.js";
import { describeFrame } from "./top.js";

export const FLAME_WIDTH = 1_200;
const MARGIN = 10;
const ROW_HEIGHT = 18;
const HEAD_HEIGHT = 52;
const LEGEND_ROW_HEIGHT = 20;
/** Of the 11 px monospaced text. */
const CHARACTER_WIDTH = 6.65;
/** Narrower is not to be seen. */
const LEAST_WIDTH = 0.4;
const LEAST_TEXT_CHARACTERS = 3;

export interface FlamePicture {
	readonly title: string;
	/** Lines under it. */
	readonly subtitle: string;
	readonly root: CallNode;
	readonly weight: (node: CallNode) => number;
	readonly fill: (box: FlameBox) => string;
	readonly tooltip: (box: FlameBox) => string;
	readonly rootName: string;
	readonly legend: readonly { readonly fill: string; readonly text: string }[];
}

/** A flame graph as one SVG file that needs nothing else: tooltips are the boxes' titles, colours the style sheet's. */
export function drawFlame(picture: FlamePicture): string {
	const inner = FLAME_WIDTH - 2 * MARGIN;
	const { boxes, rows } = layOut(picture.root, picture.weight, inner, LEAST_WIDTH);
	const legend = placeLegend(picture.legend, inner);
	const top = HEAD_HEIGHT + legend.rows * LEGEND_ROW_HEIGHT + 8;
	const height = top + rows * ROW_HEIGHT + MARGIN;
	return [
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${FLAME_WIDTH} ${height}" width="${FLAME_WIDTH}" height="${height}" role="img" aria-label="${escaped(picture.title)}">`,
		`<style>${flameStyle()}</style>`,
		`<rect class="p" width="${FLAME_WIDTH}" height="${height}"/>`,
		`<text class="t" x="${MARGIN}" y="25">${escaped(picture.title)}</text>`,
		`<text class="s" x="${MARGIN}" y="44">${escaped(picture.subtitle)}</text>`,
		...legend.parts,
		`<g class="f" transform="translate(${MARGIN} ${top})">`,
		...boxes.map((box) => drawBox(picture, box)),
		"</g>",
		"</svg>",
		"",
	].join("\n");
}

function drawBox(picture: FlamePicture, box: FlameBox): string {
	const [x, y, width] = [round(box.x), box.row * ROW_HEIGHT, round(box.width)];
	const rect = `<rect class="${picture.fill(box)}" x="${x}" y="${y}" width="${width}" height="${ROW_HEIGHT}" rx="1.5"/>`;
	return `<g class="b"><title>${escaped(picture.tooltip(box))}</title>${rect}${label(picture, box)}</g>`;
}

/** The name, and the source's place where there is room for both. */
function label({ rootName }: FlamePicture, { x, width, row, path }: FlameBox): string {
	const room = Math.floor((width - 6) / CHARACTER_WIDTH);
	if (room < LEAST_TEXT_CHARACTERS) return "";
	const [frame] = path;
	const { name, place } = frame ? describeFrame(frame) : { name: rootName, place: "" };
	const shown = name.length <= room ? name : `${name.slice(0, room - 1)}…`;
	const withPlace = place !== "" && name.length + 2 + place.length <= room;
	const at = `x="${round(x + 4)}" y="${row * ROW_HEIGHT + 13}"`;
	return `<text ${at}>${escaped(shown)}${withPlace ? `<tspan class="m" dx="10">${escaped(place)}</tspan>` : ""}</text>`;
}

function placeLegend(
	entries: FlamePicture["legend"],
	width: number,
): { readonly parts: readonly string[]; readonly rows: number } {
	const parts: string[] = [];
	let [x, row] = [0, 0];
	for (const { fill, text } of entries) {
		const taken = 18 + text.length * CHARACTER_WIDTH + 16;
		if (x > 0 && x + taken > width) [x, row] = [0, row + 1];
		const y = HEAD_HEIGHT + row * LEGEND_ROW_HEIGHT;
		parts.push(
			`<rect class="${fill}" x="${round(MARGIN + x)}" y="${y + 2}" width="12" height="12" rx="2"/>` +
				`<text x="${round(MARGIN + x + 18)}" y="${y + 12}">${escaped(text)}</text>`,
		);
		x += taken;
	}
	return { parts, rows: entries.length > 0 ? row + 1 : 0 };
}

function round(value: number): number {
	return Math.round(value * 100) / 100;
}

/** As text or attribute of XML, without what XML cannot hold. */
function escaped(text: string): string {
	return text
		.replace(/[^\n\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, " ")
		.replace(/&/g, "&amp;")
		.replace(/</g, "&lt;")
		.replace(/>/g, "&gt;")
		.replace(/"/g, "&quot;");
}
