#!/usr/bin/env bash
# From a fresh checkout to a report: set-up, then a benchmark.
set -euo pipefail
cd_root() { cd "$(dirname "$0")/.." && pwd; }
root=$(cd_root)

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
	cat <<-END
		Usage: scripts/benchmark.sh [TYPE] [FLAG…]

		Sets up what is missing (npm packages, the build, a redis-server), then runs the benchmark TYPE (quick,
		scalability, profiled, custom) with the flags of \`coordinator run\`; without TYPE quick, then scalability.
		Reports are written to benchmark_results/ here. Exit codes are those of \`coordinator run\`.

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
"" | -*) ;;
*) exec node "$coordinator" run --type "$@" ;;
esac

# In the background, so that a SIGTERM can be passed on at once; Ctrl-C reaches the coordinator from the terminal.
trap 'kill -TERM "$child"' TERM
trap : INT
status=0
for type in quick scalability; do
	echo "benchmark.sh: $type (of quick, scalability)" >&2
	node "$coordinator" run --type "$type" "$@" &
	child=$!
	while :; do
		code=0
		wait "$child" || code=$?
		kill -0 "$child" 2>/dev/null || break
	done
	if [ "$code" -gt "$status" ]; then status=$code; fi
	# 3 and 6 judge a benchmark that was carried out; anything else would meet the next one too.
	case $code in 0 | 3 | 6) ;; *) exit "$code" ;; esac
done
exit "$status"
