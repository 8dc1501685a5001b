import { defineConfig } from "vitest/config";

export default defineConfig({
	test: {
		watch: false,
		pool: "forks",
		maxWorkers: 3,
		globalSetup: "tests/support/leaks.ts",
		projects: [
			{
				extends: true,
				test: {
					name: "unit",
					globalSetup: [],
					include: ["{agent,coordinator,proto,scripts,deploy}/**/*.test.ts"],
					testTimeout: 20_000,
					hookTimeout: 20_000,
				},
			},
			{
				extends: true,
				test: {
					name: "e2e",
					include: ["tests/**/*.test.ts"],
					globalSetup: "tests/support/build.ts",
					testTimeout: 60_000,
					hookTimeout: 60_000,
				},
			},
		],
	},
});
