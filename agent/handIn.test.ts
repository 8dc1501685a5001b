import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { Measurements } from "../proto/gen/measurement.js";
import { ResultAssembler } from "../proto/result.js";
import { HandIn } from "./handIn.js";

/** Three chunks of a mebibyte. */
const RESULT = Measurements.create({
	errors: new Map([["x".repeat(2_500_000), 1]]),
	producers: [{ producer: 1, issued: 2 }],
});

test.prop([fc.array(fc.nat(3), { maxLength: 5 })])(
	"wherever the stream breaks, what is left completes the result",
	(breaks) => {
		const handIn = new HandIn(0, RESULT);
		const assembler = new ResultAssembler();
		let whole: Measurements | undefined;
		for (const taken of [...breaks, 3]) {
			for (const chunk of handIn.rest(assembler.held).slice(0, taken)) whole = assembler.take(chunk);
		}
		expect(assembler.held).toBe(3);
		expect(whole?.producers).toEqual(RESULT.producers);
		expect(whole?.errors).toEqual(RESULT.errors);
	},
);
