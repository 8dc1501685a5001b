import { dirname, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** What the compiled sources lie in (`dist`), and what the sources lie in; uncompiled they are the same. */
const COMPILED = resolve(dirname(fileURLToPath(import.meta.url)), "..", "..");
const ROOT = COMPILED.endsWith(`${sep}dist`) ? dirname(COMPILED) : COMPILED;

/** Folders with source maps of what an agent runs. */
export const MAPPED_FOLDERS: readonly string[] = ["agent", "proto"].map((name) => resolve(COMPILED, name));

/**
 * A script's name as a reader knows it: `agent/runner.ts`, `node_modules/ioredis/built/Redis.js`, `node:net`. It holds no path
 * of this machine.
 */
export function sourceName(script: string): string {
	const path = script.startsWith("file://") ? fileURLToPath(script) : script;
	const packages = path.lastIndexOf("node_modules/");
	if (packages >= 0) return path.slice(packages);
	return path.startsWith(ROOT + sep) ? path.slice(ROOT.length + 1) : path;
}
