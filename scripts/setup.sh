#!/usr/bin/env bash
# Makes the checkout ready to run: packages, build, redis-server. Says nothing and takes no time where all is there.
# --no-redis leaves out the last, for a run against a Redis that is already there.
set -euo pipefail
cd "$(dirname "$0")/.."

version=$(node --version 2>/dev/null || true)
IFS=. read -r major minor _ <<<"${version#v}"
if [ "${major:-0}" -lt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -lt 11 ]; }; then
	echo "setup.sh: Node.js 20.11 or newer is needed, and this is ${version:-none}: see https://nodejs.org/en/download" >&2
	exit 1
fi
if ! node scripts/installed.mjs; then
	echo "setup.sh: installing npm packages" >&2
	npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
fi
node scripts/build.mjs
if [ "${1:-}" != "--no-redis" ]; then scripts/redis.sh >/dev/null; fi
