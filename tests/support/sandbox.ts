import { spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export const ROOT = join(import.meta.dirname, "..", "..");

/** A folder that looks like a checkout, with this one's `scripts/` in it, to try the scripts in. */
export class Sandbox {
	readonly folder = mkdtempSync(join(tmpdir(), "checkout-"));

	constructor(copied: readonly string[] = []) {
		for (const name of ["scripts", ...copied]) cpSync(join(ROOT, name), this.at(name), { recursive: true });
	}

	at(name: string): string {
		return join(this.folder, name);
	}

	write(name: string, text: string): string {
		const file = this.at(name);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, text);
		return file;
	}

	writeProgram(name: string, text: string): string {
		const file = this.write(name, text);
		chmodSync(file, 0o755);
		return file;
	}

	/** Makes an installed package of this checkout one of the sandbox's. */
	usePackage(name: string): void {
		const link = this.at(join("node_modules", name));
		mkdirSync(dirname(link), { recursive: true });
		symlinkSync(join(ROOT, "node_modules", name), link);
	}

	/** Runs one of its programs there, with nothing in the environment but what is given. */
	run(program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
		return new Promise((resolve, reject) => {
			const child = spawn(program, args, {
				cwd: this.folder,
				env: { PATH: process.env.PATH, HOME: this.folder, TMPDIR: tmpdir(), ...env },
				stdio: ["ignore", "pipe", "pipe"],
			});
			let stdout = "";
			let stderr = "";
			child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
			child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
			child.once("error", reject);
			child.once("close", (code) => resolve({ code, stdout, stderr }));
		});
	}
}

export interface Finished {
	readonly code: number | null;
	readonly stdout: string;
	readonly stderr: string;
}
