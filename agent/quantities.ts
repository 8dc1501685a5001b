/** A quantity as it is written on the command line and in the agent's configuration; undefined for what is none. */
type Parse = (text: string) => number | undefined;

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1_024, MB: 1_048_576 };

/** `500ms`, `30s`, `5m` or `2h`, above 0, in milliseconds. */
export const parseDurationMs: Parse = (text) => {
	const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? [];
	const ms = Number(number) * (MILLISECONDS[unit] ?? 0);
	return ms > 0 ? ms : undefined;
};

/** `100B`, `64KB` (1 KB = 1,024 bytes) or `1MB`, in bytes. */
export const parseBytes: Parse = (text) => {
	const [, number, unit = ""] = /^(\d{1,9})(B|KB|MB)$/.exec(text) ?? [];
	return number === undefined ? undefined : Number(number) * (BYTES[unit] ?? 1);
};

/** A number above 0. */
export const parseRate: Parse = (text) => {
	return /^\d{1,12}(\.\d+)?$/.test(text) && Number(text) > 0 ? Number(text) : undefined;
};

/** A whole number above 0. */
export const parseCount: Parse = (text) => (/^[1-9]\d{0,8}$/.test(text) ? Number(text) : undefined);
