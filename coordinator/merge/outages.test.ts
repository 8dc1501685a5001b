import { expect, test } from "vitest";
import { joinOutages } from "./outages.js";

test("outages that overlap are one, with every agent that it met", () => {
	const joined = joinOutages([
		{ agent: 2, outages: [{ fromUs: 10, toUs: 20 }] },
		{
			agent: 0,
			outages: [
				{ fromUs: 15, toUs: 30 },
				{ fromUs: 50, toUs: 60 },
			],
		},
		{ agent: 1, outages: [] },
	]);
	expect(joined).toEqual([
		{ fromUs: 10, toUs: 30, agents: [0, 2] },
		{ fromUs: 50, toUs: 60, agents: [0] },
	]);
});

test("one that is not over stays so", () => {
	const joined = joinOutages([
		{ agent: 0, outages: [{ fromUs: 10, toUs: -1 }] },
		{ agent: 1, outages: [{ fromUs: 12, toUs: 40 }] },
	]);
	expect(joined).toEqual([{ fromUs: 10, toUs: undefined, agents: [0, 1] }]);
});
