#!/usr/bin/env bash
# Simulated fleets against one coordinator. Takes what coordinator/bench/fleet/main.ts takes: see --help.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
"$root/scripts/setup.sh"
exec node --enable-source-maps "$root/dist/coordinator/bench/fleet/main.js" "$@"
