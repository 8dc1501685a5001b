import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mergeRun } from "../coordinator/merge/merge.js";
import { buildReport } from "../coordinator/report/build.js";
import { renderHtml } from "../coordinator/report/html/page.js";
import { simulatedRecord } from "./support/records.js";

const BROWSERS = [process.env.CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const executablePath = BROWSERS.find((path) => path !== undefined && isExecutable(path));
const why = executablePath === undefined ? " (skipped: no Chromium here; CHROMIUM=PATH names one)" : "";

const EVIL = `<script>document.title = "run"</script><img src="http://192.0.2.1/x">`;

describe.skipIf(executablePath === undefined)(`report.html in a browser${why}`, () => {
	const folder = mkdtempSync(join(tmpdir(), "html-"));
	const url = pathToFileURL(join(folder, "report.html")).href;
	let browser: Browser;

	beforeAll(async () => {
		const record = simulatedRecord(
			[1, 2, 4, 8].map((workers) => ({ workers, agents: 2, tasks: 800, name: `workers-${workers}`, hosts: [EVIL] })),
		);
		writeFileSync(join(folder, "report.html"), renderHtml(buildReport(record, record.runs.map(mergeRun))));
		browser = await chromium.launch({ executablePath: executablePath ?? "", args: ["--no-sandbox"] });
	});

	afterAll(async () => {
		await browser?.close();
		rmSync(folder, { recursive: true });
	});

	test.each(["light", "dark"] as const)("%s: reads, asks for nothing, complains of nothing", async (colorScheme) => {
		const { page, told } = await open({ colorScheme, viewport: { width: 1_100, height: 800 } });
		expect(told).toEqual([]);
		expect(await page.title()).toContain("VALID");
		const [paper, ink] = await colours(page, "body");
		expect(contrast(paper, ink)).toBeGreaterThan(7);
		expect(luminance(paper) < 0.5).toBe(colorScheme === "dark");
		// A chart's text and lines follow the theme too.
		const [, drawn] = await colours(page, "svg.chart text");
		expect(contrast(paper, drawn)).toBeGreaterThan(4.5);
		await page.close();
	});

	test("a narrow screen scrolls its charts and tables, not itself", async () => {
		const { page } = await open({ viewport: { width: 390, height: 800 } });
		expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(390);
		await page.close();
	});

	test("pointing at a chart shows its figures", async () => {
		const { page } = await open({ viewport: { width: 1_100, height: 800 } });
		const column = page.locator("#over-time svg.chart").first().locator(".readout g").nth(1);
		expect(await column.locator("text").isVisible()).toBe(false);
		await column.locator("rect").hover();
		expect(await column.locator("text").isVisible()).toBe(true);
		expect(await column.locator("text").textContent()).toMatch(/completed [\d.,]+\/s/);
		await page.close();
	});

	test("nothing moves while it loads", async () => {
		const { page } = await open({ viewport: { width: 1_100, height: 800 } });
		const shift = await page.evaluate(
			`new Promise((done) => { let sum = 0; const seen = new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; });
			seen.observe({ type: "layout-shift", buffered: true }); requestAnimationFrame(() => requestAnimationFrame(() => done(sum))); })`,
		);
		expect(shift).toBe(0);
		await page.close();
	});

	test("it prints on paper, in the light theme", async () => {
		const { page } = await open({ colorScheme: "dark" });
		await page.emulateMedia({ media: "print", colorScheme: "dark" });
		const [paper] = await colours(page, "body");
		expect(luminance(paper)).toBe(1);
		// A4 less its margins, at 96 dots an inch.
		await page.setViewportSize({ width: 688, height: 1_000 });
		expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(688);
		expect((await page.pdf({ format: "A4", printBackground: true })).subarray(0, 5).toString()).toBe("%PDF-");
		await page.close();
	});

	/** A page with what it asked for beside itself, and what it complained of. */
	async function open(options: Parameters<Browser["newPage"]>[0]): Promise<{ page: Page; told: string[] }> {
		const page = await browser.newPage(options);
		const told: string[] = [];
		page.on("console", (message) => told.push(message.text()));
		page.on("pageerror", (error) => told.push(error.message));
		page.on("request", (request) => {
			if (request.url() !== url) told.push(request.url());
		});
		await page.goto(url, { waitUntil: "load" });
		return { page, told };
	}
});

type Colour = readonly [red: number, green: number, blue: number];

/** Background (of the page) and ink or fill of the first that the selector finds. */
async function colours(page: Page, selector: string): Promise<[Colour, Colour]> {
	const texts = (await page.evaluate(
		`[getComputedStyle(document.body).backgroundColor, (({ fill, color }, svg) => svg ? fill : color)(getComputedStyle(document.querySelector(${JSON.stringify(selector)})), ${selector !== "body"})]`,
	)) as [string, string];
	const [paper, ink] = texts.map((text) => (text.match(/\d+/g) ?? []).slice(0, 3).map(Number));
	return [paper as unknown as Colour, ink as unknown as Colour];
}

/** WCAG 2: 1 … 21. */
function contrast(a: Colour, b: Colour): number {
	const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
	return (light + 0.05) / (dark + 0.05);
}

/** Relative luminance by WCAG 2, 0 … 1. */
function luminance(colour: Colour): number {
	const [red = 0, green = 0, blue = 0] = colour.map((byte) => {
		const value = byte / 255;
		return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
	});
	return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function isExecutable(path: string): boolean {
	try {
		accessSync(path, constants.X_OK);
		return true;
	} catch {
		return false;
	}
}
