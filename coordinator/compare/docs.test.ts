import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { comparisonJsonSchema } from "./schema.js";

const SCHEMA_FILE = new URL("../../docs/comparison.schema.json", import.meta.url);

test("docs/comparison.schema.json is what the schema says (written with UPDATE_DOCS=1)", () => {
	const schema = comparisonJsonSchema();
	if (process.env.UPDATE_DOCS) writeFileSync(SCHEMA_FILE, `${JSON.stringify(schema, null, "\t")}\n`);
	expect(JSON.parse(readFileSync(SCHEMA_FILE, "utf8"))).toEqual(JSON.parse(JSON.stringify(schema)));
});
