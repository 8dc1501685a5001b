#!/usr/bin/env bash
# Prints the path of a usable redis-server, and installs one where there is none. What it does it says on stderr.
# It never starts a server, and installs none that starts by itself.
set -euo pipefail

base=${XDG_CACHE_HOME:-$HOME/.cache}/spool-bench
cache=$base/redis
log=$(mktemp)
work=
trap 'rm -rf "$log" "$work"' EXIT

say() { echo "redis.sh: $*" >&2; }

usable() { [ -n "$1" ] && "$1" --version >/dev/null 2>&1; }

find_installed() {
	local candidate
	if [ -n "${SPOOLBENCH_REDIS_SERVER:-}" ]; then
		if usable "$SPOOLBENCH_REDIS_SERVER"; then
			echo "$SPOOLBENCH_REDIS_SERVER"
			return
		fi
		say "SPOOLBENCH_REDIS_SERVER is $SPOOLBENCH_REDIS_SERVER, which does not run"
		exit 1
	fi
	for candidate in "$(command -v redis-server)" "$(command -v valkey-server)" "$cache/redis-server"; do
		if usable "$candidate"; then
			echo "$candidate"
			return
		fi
	done
	return 1
}

has() { command -v "$1" >/dev/null 2>&1; }

attempt() { "$@" >>"$log" 2>&1; }

# Debian and its children keep the server's program in redis-tools, under the name of another tool that it also is; the
# package redis-server adds the name, and a service on port 6379 that we do not want.
apt_as_root() {
	local sudo=
	has apt-get || return 1
	if [ "$(id -u)" -ne 0 ]; then
		has sudo && sudo -n true 2>/dev/null || return 1
		sudo="sudo -n"
	fi
	say "installing redis-tools with ${sudo:+sudo }apt-get"
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # $sudo is empty or two words
	if ! apt-cache show redis-tools >/dev/null 2>&1; then attempt $sudo apt-get -q update || return 1; fi
	# shellcheck disable=SC2086
	attempt $sudo apt-get -qy --no-install-recommends install redis-tools || return 1
	mkdir -p "$cache"
	ln -sf /usr/bin/redis-check-rdb "$cache/redis-server"
	usable "$cache/redis-server"
}

apt_without_root() {
	has apt-get && has dpkg-deb || return 1
	say "unpacking Debian's redis-tools into $cache, without root"
	mkdir -p "$base"
	work=$(mktemp -d "$base/unpack.XXXXXX")
	local apt=(apt-get -q -o "Dir::Cache=$work/cache" -o "APT::Sandbox::User=")
	mkdir -p "$work/cache/archives/partial" "$work/debs" "$work/redis/root"
	if ! apt-cache show redis-tools >/dev/null 2>&1; then
		mkdir -p "$work/state/lists/partial"
		apt+=(-o "Dir::State=$work/state" -o "Dir::State::status=/var/lib/dpkg/status")
		attempt "${apt[@]}" update || return 1
	fi
	unpack redis-tools || return 1
	local programs=$work/redis/root/usr/bin
	ln -s redis-check-rdb "$programs/redis-server"
	if ldd "$programs/redis-server" | grep -q 'not found'; then
		# What it needs and what that needs, but for the C library: that one is there, and must be the system's.
		# shellcheck disable=SC2046 # a word a package
		unpack $(apt-cache "${apt[@]:2}" depends --recurse --important redis-tools |
			grep -E '^lib' | grep -vE '^lib(c6|c-bin|crypt1|gcc-s1|stdc\+\+6)$' | sort -u) || return 1
	fi
	local libraries
	libraries=$(cd "$work/redis" && find root -name '*.so*' | sed -e 's|/[^/]*$||' -e "s|^|\$here/|" | sort -u | paste -sd: -)
	cat >"$work/redis/redis-server" <<-END
		#!/bin/sh
		here=\${0%/*}
		LD_LIBRARY_PATH="$libraries" exec "\$here/root/usr/bin/redis-server" "\$@"
	END
	chmod +x "$work/redis/redis-server"
	usable "$work/redis/redis-server" || return 1
	rm -rf "$cache"
	mv "$work/redis" "$cache"
}

unpack() {
	local deb
	(cd "$work/debs" && attempt "${apt[@]}" download "$@") || return 1
	for deb in "$work"/debs/*.deb; do
		attempt dpkg-deb -x "$deb" "$work/redis/root" || return 1
		rm "$deb"
	done
}

homebrew() {
	has brew || return 1
	say "installing redis with Homebrew"
	attempt brew install redis
}

find_installed && exit
apt_as_root || apt_without_root || homebrew || true
find_installed && exit
cat "$log" >&2
say "no redis-server, and none could be installed here. Install Redis or Valkey with your system's package manager," \
	"or say where one is: SPOOLBENCH_REDIS_SERVER=/path/to/redis-server, or use a running one: --redis redis://host:6379"
exit 1
