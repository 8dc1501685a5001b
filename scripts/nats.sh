#!/usr/bin/env bash
# Prints the path of a usable nats-server, and fetches one where there is none: for tests of telemetry. What it does it says on
# stderr. It never starts a server, and installs none that starts by itself.
set -euo pipefail

base=${XDG_CACHE_HOME:-$HOME/.cache}/spool-bench
cache=$base/nats
log=$(mktemp)
work=
trap 'rm -rf "$log" "$work"' EXIT

say() { echo "nats.sh: $*" >&2; }

usable() { [ -n "$1" ] && "$1" --version >/dev/null 2>&1; }

find_installed() {
	local candidate
	if [ -n "${SPOOLBENCH_NATS_SERVER:-}" ]; then
		if usable "$SPOOLBENCH_NATS_SERVER"; then
			echo "$SPOOLBENCH_NATS_SERVER"
			return
		fi
		say "SPOOLBENCH_NATS_SERVER is $SPOOLBENCH_NATS_SERVER, which does not run"
		exit 1
	fi
	for candidate in "$(command -v nats-server)" /usr/sbin/nats-server "$cache/nats-server"; do
		if usable "$candidate"; then
			echo "$candidate"
			return
		fi
	done
	return 1
}

has() { command -v "$1" >/dev/null 2>&1; }

attempt() { "$@" >>"$log" 2>&1; }

# Debian's package would start a service. Its program needs nothing but the C library.
unpack_debian() {
	has apt-get && has dpkg-deb || return 1
	say "unpacking Debian's nats-server into $cache"
	mkdir -p "$base"
	work=$(mktemp -d "$base/unpack.XXXXXX")
	local apt=(apt-get -q -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=")
	mkdir -p "$work/cache/archives/partial" "$work/debs" "$work/nats"
	if ! apt-cache show nats-server >/dev/null 2>&1; then
		mkdir -p "$work/state/lists/partial"
		apt+=(-o "Dir::State=$work/state" -o "Dir::State::status=/var/lib/dpkg/status")
		attempt "${apt[@]}" update || return 1
	fi
	(cd "$work/debs" && attempt "${apt[@]}" download nats-server) || return 1
	attempt dpkg-deb -x "$work"/debs/*.deb "$work/root" || return 1
	find "$work/root" -name nats-server -type f -perm -u+x -exec cp {} "$work/nats/nats-server" \;
	usable "$work/nats/nats-server" || return 1
	# Test files that start at once fetch it at once: the first one's stays.
	usable "$cache/nats-server" && return
	rm -rf "$cache"
	mv -T "$work/nats" "$cache" || usable "$cache/nats-server"
}

homebrew() {
	has brew || return 1
	say "installing nats-server with Homebrew"
	attempt brew install nats-server
}

find_installed && exit
unpack_debian || homebrew || true
find_installed && exit
cat "$log" >&2
say "no nats-server, and none could be fetched here. Install one with your system's package manager, or say where one is:" \
	"SPOOLBENCH_NATS_SERVER=/path/to/nats-server"
exit 1
