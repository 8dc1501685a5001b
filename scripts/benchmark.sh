#!/usr/bin/env bash
# From a fresh checkout to a report: set-up, then a benchmark.
set -euo pipefail
cd_root() { cd "$(dirname "$0")/.." && pwd; }
root=$(cd_root)

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
	cat <<-END
		Usage: scripts/benchmark.sh [TYPE] [FLAG…]

		Sets up what is missing (npm packages, the build, a redis-server), then runs the benchmark TYPE (quick,
		scalability, profiled, custom) with the flags of \`coordinator run\`; without TYPE all of them and the component
		benchmarks, with one report (\`coordinator suite\`; --quick trims it). Reports are written to benchmark_results/ here.
		Exit codes are those of \`coordinator\`.

		  scripts/benchmark.sh
		  scripts/benchmark.sh quick
		  scripts/benchmark.sh quick --agents 8
		  scripts/benchmark.sh custom --workers 8 --tasks 5000 --redis redis://localhost:6379

		All flags: npx coordinator run --help
	END
	exit
fi

own_redis=--no-redis
case " $* " in
*" --redis "* | *" --redis="*) ;;
*) if [ -z "${REDIS_URL:-}${SPOOLBENCH_REDIS:-}" ]; then own_redis=; fi ;;
esac
# shellcheck disable=SC2086 # no word or one
"$root/scripts/setup.sh" $own_redis
coordinator=$root/dist/coordinator/main.js

case "${1:-}" in
"" | -*) exec node "$coordinator" suite "$@" ;;
*) exec node "$coordinator" run --type "$@" ;;
esac
