import { CATEGORIES, type Category } from "./categories.js";

/** Fill for a light and for a dark page; dark text stands on the first, light text on the second. */
const FILLS: Readonly<Record<Category, readonly [light: string, dark: string]>> = {
	"Redis client": ["#f4a79d", "#8f3a30"],
	queue: ["#f8c48c", "#8a5418"],
	JSON: ["#f2dc7d", "#74610d"],
	workers: ["#b9dc8f", "#45691f"],
	polling: ["#d3e6a8", "#5b6b26"],
	handler: ["#8fd6b4", "#1c6b4a"],
	producers: ["#9fdadb", "#1d6668"],
	recorder: ["#a9cdf2", "#28568a"],
	gRPC: ["#bfbdf0", "#4b4793"],
	agent: ["#dcc0ee", "#6b3f86"],
	"Node.js": ["#cfd6de", "#4a545f"],
	"garbage collection": ["#f3b3d4", "#8a2f60"],
	"other threads": ["#e2d3c3", "#655443"],
	native: ["#d9d9d2", "#55554f"],
	idle: ["#ececec", "#3a3a3a"],
	other: ["#e0e0e0", "#505050"],
};

/** Less (blue) to more (red), the middle one for no change. */
export const CHANGE_FILLS: readonly (readonly [light: string, dark: string])[] = [
	["#5b9bd9", "#2f6ea8"],
	["#94bfe6", "#2b567f"],
	["#c9def2", "#2b4157"],
	["#e6e6e4", "#454543"],
	["#f6d0c9", "#5c3631"],
	["#ee9f92", "#86423a"],
	["#df6457", "#b0463b"],
];

export function categoryClass(category: Category): string {
	return `c${CATEGORIES.indexOf(category)}`;
}

/** @param change −1 (gone) to 1 (new) */
export function changeClass(change: number): string {
	const most = (CHANGE_FILLS.length - 1) / 2;
	const size = Math.abs(change) < 0.02 ? 0 : Math.abs(change) < 0.1 ? 1 : Math.abs(change) < 0.33 ? 2 : 3;
	return `d${most + Math.sign(change) * size}`;
}

/** The style sheet of both kinds of flame graph; the page's colours follow what the reader's system asks for. */
export function flameStyle(): string {
	const rules = (dark: 0 | 1) => [
		...CATEGORIES.map((category) => `.${categoryClass(category)}{fill:${FILLS[category][dark]}}`),
		...CHANGE_FILLS.map((fill, index) => `.d${index}{fill:${fill[dark]}}`),
	];
	return [
		"text{font:11px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#1d1f21}",
		".t{font:600 16px system-ui,sans-serif}.s{font:12px system-ui,sans-serif;fill:#5b6065}",
		".p{fill:#fff}.f rect{stroke:#fff;stroke-width:.6}.f text{pointer-events:none}.m{fill:#555b60}",
		"g.b:hover rect{stroke:#000;stroke-width:1.4}",
		...rules(0),
		"@media(prefers-color-scheme:dark){",
		"text{fill:#f0f0ee}.s{fill:#a9afb5}.p{fill:#17191b}.f rect{stroke:#17191b}.m{fill:#c4c8cc}",
		"g.b:hover rect{stroke:#fff}",
		...rules(1),
		"}",
	].join("");
}
