#!/usr/bin/env bash
# Format, lint, types, quick tests, slow tests: each once, the cheapest first; the first stage that fails is the last.
#   bash tests/run.sh                 all of it but what only a release needs
#   bash tests/run.sh fast            without the slow tests (those of more than five seconds)
#   bash tests/run.sh release         all of it: every method trained, each kind of end, what takes minutes
#   bash tests/run.sh fast -k NAME    further words go to pytest: -k NAME, -x, a file, -n 0 (one process)
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@" # started with another shell (sh)
[ "${BASH_SOURCE[0]:-}" = "$0" ] && grep -q "$(printf '\r')" "$0" && exec bash -c "$(tr -d '\r' <"$0")" "$0" "$@" # line ends of Windows
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f -- "${BASH_SOURCE[0]:-$0}")")")
python=$(bash "$root/finetune/setup.sh" dev)
cd "$root"

stages="format lint types quick slow"
slow="slow and not release"
case ${1:-} in
fast)
    stages="format lint types quick"
    shift
    ;;
release)
    slow="slow"
    shift
    ;;
esac
# -m EXPRESSION narrows both stages of tests; everything else is pytest's as it stands.
marked=""
words=()
while [ $# -gt 0 ]; do
    case $1 in
    -m)
        marked=" and (${2:?-m needs an expression})"
        shift
        ;;
    *) words+=("$1") ;;
    esac
    shift
done

# A process for each core, but four at most: each of them may hold MindSpore. None of them computes on several cores.
processes=$(nproc 2>/dev/null || echo 1)
[ "$processes" -le 4 ] || processes=4
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}"
counts=$(mktemp -d)
trap 'rm -rf "$counts"' EXIT

tests() { # tests NAME EXPRESSION
    # A file stays in one process, so that what its tests share is made once.
    "$python" -m pytest -n "$processes" --dist loadfile --no-loadscope-reorder --durations=15 --durations-min=1 \
        --junitxml="$counts/$1.xml" -m "$2$marked" ${words[@]+"${words[@]}"}
}

stage() {
    case $1 in
    format) "$python" -m ruff format --check . ;;
    lint) "$python" -m ruff check . ;;
    types) "$python" -m mypy ;;
    quick) tests quick "not slow" ;;
    slow) tests slow "$slow" ;;
    esac
}

took=""
code=0
empty=5 # pytest's exit code where no test was chosen; that is a fault only where no stage had one
ran=no
for name in $stages; do
    echo "== $name"
    began=$SECONDS
    code=0
    stage "$name" || code=$?
    took+=" $name $((SECONDS - began)) s,"
    case $name in
    quick | slow)
        [ "$code" = "$empty" ] || ran=yes
        [ "$code" != "$empty" ] || code=0
        ;;
    esac
    [ "$code" = 0 ] || break
done
echo "== ${took# } in all $SECONDS s"
if [ "$code" != 0 ]; then
    echo "failed: $name" >&2
    exit "$code"
fi
if [ "$ran" = no ]; then
    echo "failed: no test was chosen" >&2
    exit "$empty"
fi
# The last line is pytest's summary, of both stages together.
"$python" - "$counts" "$SECONDS" <<'PY'
import sys
from pathlib import Path
from xml.etree import ElementTree

suites = [suite for file in Path(sys.argv[1]).glob("*.xml") for suite in ElementTree.parse(file).iter("testsuite")]
tests, skipped = (sum(int(suite.get(name)) for suite in suites) for name in ("tests", "skipped"))
print(f"{tests - skipped} passed, {skipped} skipped in {sys.argv[2]}s")
PY
