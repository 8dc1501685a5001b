#!/usr/bin/env bash
# From a fresh checkout to a verdict: set-up, then every check and every test. Arguments go to vitest (a file, -t NAME).
# The last line is `N passed, N failed, N skipped`.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! scripts/setup.sh; then
	echo "0 passed, 1 failed, 0 skipped"
	exit 1
fi
exec node scripts/test.mjs "$@"
