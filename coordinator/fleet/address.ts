import { isIPv6 } from "node:net";

export interface Address {
	readonly host: string;
	readonly port: number;
}

/** `HOST:PORT` with brackets around an IPv6 host, as gRPC wants it. */
export function formatAddress({ host, port }: Address): string {
	return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** @returns undefined for what is not HOST:PORT, [IPv6]:PORT or :PORT (all interfaces) */
export function parseAddress(text: string): Address | undefined {
	const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:\s[\]]*)):(\d{1,5})$/.exec(text);
	const port = Number(match?.[3]);
	if (!match || port > 65_535) return undefined;
	return { host: match[1] ?? (match[2] || "0.0.0.0"), port };
}

/** Whether only this machine can reach the address. */
export function isLoopback(host: string): boolean {
	return host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}

/** What is wrong with listening there in plaintext; undefined when nothing is. */
export function listenFault(address: Address, insecure: boolean): string | undefined {
	if (isLoopback(address.host) || insecure) return undefined;
	return (
		`${formatAddress(address)} can be reached from other machines, and streams without TLS are plaintext: give --tls-ca, ` +
		"--tls-cert and --tls-key (coordinator certs makes them), or --insecure on a network you trust (every report will say so)"
	);
}
