import { execFileSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";

/** What stands in for hosts of their own: network namespaces with clocks that are shifted. */
export interface Hosts {
	/** Where both hosts reach this one. */
	readonly gateway: string;
	/** Of each host. */
	readonly addresses: readonly string[];
	/** A command that runs a program on a host, as one that shares nothing but the kernel. */
	readonly wrapper: (index: number, clock: HostsClock) => readonly string[];
	readonly remove: () => void;
}

export interface HostsClock {
	/** Added to the monotonic clock by a time namespace of its own. */
	readonly shiftNs: bigint;
}

/** Linux's number of unshare(2), by processor. */
const UNSHARE = { x64: 272, arm64: 97 }[process.arch as string];

/** Why there can be no such hosts here; undefined where there can. */
export function missingForHosts(): string | undefined {
	if (process.platform !== "linux") return "network and time namespaces are Linux's";
	if (process.getuid?.() !== 0) return "only root may make network and time namespaces";
	if (UNSHARE === undefined) return `unshare(2) is not known for ${process.arch}`;
	try {
		execFileSync("perl", ["-e", `syscall(${UNSHARE}, 0x40000080) == 0 or die $!`], { stdio: "ignore" });
		execFileSync("ip", ["netns", "list"], { stdio: "ignore" });
	} catch {
		return "perl or ip is missing, or this container may not make namespaces";
	}
	return undefined;
}

/** The offset can be set before the first program runs in the namespace, and at no other time. */
const SHIFTED = `my ($ns, @program) = @ARGV;
syscall(${UNSHARE}, 0x80) == 0 or die "unshare: $!";
my $seconds = int($ns / 1e9); $seconds-- if $ns < $seconds * 1e9;
open(my $file, ">", "/proc/self/timens_offsets") or die "timens_offsets: $!";
printf $file "monotonic %d %d\\n", $seconds, $ns - $seconds * 1e9;
close($file) or die "timens_offsets: $!";
exec @program or die "exec: $!";`;

/** Makes `count` hosts behind this one. Traffic stays in the namespaces and on this host. @throws where the kernel refuses */
export function makeHosts(count: number): Hosts {
	const ip = (...words: readonly string[]) => execFileSync("ip", words, { stdio: ["ignore", "ignore", "pipe"] });
	const subnet = freeSubnet();
	const names = Array.from({ length: count }, (_, index) => `sb${process.pid}-${index}`);
	const gateway = `${subnet}.254.1`;
	const addresses = names.map((_, index) => `${subnet}.${index}.2`);
	const remove = () => {
		for (const name of names) if (existsSync(`/run/netns/${name}`)) ip("netns", "del", name);
	};
	try {
		for (const [index, name] of names.entries()) {
			const link = `${name}r`;
			ip("netns", "add", name);
			ip("link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name);
			ip("addr", "add", `${subnet}.${index}.1/24`, "dev", link);
			if (index === 0) ip("addr", "add", `${gateway}/32`, "dev", link);
			ip("link", "set", link, "up");
			ip("-n", name, "link", "set", "lo", "up");
			ip("-n", name, "addr", "add", `${addresses[index]}/24`, "dev", "eth0");
			ip("-n", name, "link", "set", "eth0", "up");
			ip("-n", name, "route", "add", `${gateway}/32`, "via", `${subnet}.${index}.1`);
		}
	} catch (error) {
		remove();
		throw error;
	}
	const wrapper = (index: number, { shiftNs }: HostsClock) => [
		...["ip", "netns", "exec", names[index] ?? ""],
		...["perl", "-e", SHIFTED, "--", String(shiftNs)],
	];
	return { gateway, addresses, wrapper, remove };
}

/** The first two numbers of private addresses that no link of this host uses. */
function freeSubnet(): string {
	const used = execFileSync("ip", ["-o", "-4", "addr"], { encoding: "utf8" });
	for (let tried = 0; tried < 100; tried++) {
		// Another process may look for one at this moment: each begins elsewhere.
		const second = 100 + ((process.pid + tried) % 100);
		if (!used.includes(`inet 10.${second}.`)) return `10.${second}`;
	}
	throw new Error(`no free subnet of 10/8 among ${readdirSync("/sys/class/net").join(", ")}`);
}
