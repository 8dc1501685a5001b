#!/usr/bin/env bash
# Benchmarks of the components on a private Redis, in Go's benchmark format. Takes what agent/bench/component/main.ts takes.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/setup.sh"
SPOOLBENCH_REDIS_SERVER=$("$root/scripts/redis.sh")
export SPOOLBENCH_REDIS_SERVER
# What an operation allocates is seen only while nothing is collected.
exec node --expose-gc --min-semi-space-size=64 --max-semi-space-size=64 --enable-source-maps "$root/dist/agent/bench/component/main.js" "$@"
