#!/usr/bin/env bash
# Measures the engines against what Redis can do and against other queues. Takes what agent/bench/main.ts takes: see --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/setup.sh"
SPOOLBENCH_REDIS_SERVER=$("$root/scripts/redis.sh")
export SPOOLBENCH_REDIS_SERVER
exec node "$root/dist/agent/bench/main.js" "$@"
