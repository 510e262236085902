#!/usr/bin/env bash
# Finds or makes the Python environment and prints its interpreter's path on standard output.
#   KIT_PYTHON=/path/to/python     use this environment as it is (an NPU image, a conda environment)
#   KIT_VENV=/path/to/folder       make it there, not in .venv
#   bash finetune/setup.sh dev     the test tools too
#   bash finetune/setup.sh report  what Word and PDF reports need, beside what light has
#   bash finetune/setup.sh light   planning, scoring and packing only: no MindSpore
# What is needed stands in pyproject.toml, in the extra of that name; constraints.txt pins what that brings along.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@" # started with another shell (sh)
[ "${BASH_SOURCE[0]:-}" = "$0" ] && grep -q "$(printf '\r')" "$0" && exec bash -c "$(tr -d '\r' <"$0")" "$0" "$@" # line ends of Windows
set -euo pipefail
root=$(dirname "$(dirname "$(readlink -f -- "${BASH_SOURCE[0]:-$0}")")")
extra=${1:-train}
list=$root/finetune/dependencies.py

if [ -n "${KIT_PYTHON:-}" ]; then
    python=$(command -v "$KIT_PYTHON") || {
        echo "error: KIT_PYTHON=$KIT_PYTHON is no command" >&2
        exit 2
    }
    missing=$("$python" "$list" "$extra" --missing) || exit 2
    if [ -n "$missing" ]; then
        echo "error: $python lacks: $missing (versions: pyproject.toml; unset KIT_PYTHON to have an environment made)" >&2
        exit 2
    fi
    echo "$python"
    exit 0
fi

venv=${KIT_VENV:-$root/.venv}
if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
    for candidate in python3.11 python3.10 python3 python; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys, venv, ensurepip; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 11))' 2>/dev/null; then
            found=$candidate
            break
        fi
    done
    if [ -z "${found:-}" ]; then
        echo "error: Python 3.10 or 3.11 with venv is needed (MindFormers 1.9.0); none is on the PATH" >&2
        exit 2
    fi
    echo "setup: making $venv with $("$found" --version)" >&2
    "$found" -m venv "$venv"
fi

# A set of packages is known by what decides it: its own list, and the pins. Nothing else in pyproject.toml counts.
mark() {
    local needed
    needed=$("$venv/bin/python" "$list" "$1") || exit 2
    printf '%s\n' "$needed" | cat - "$root/constraints.txt" | tr -d '\r' | sha256sum | cut -d' ' -f1
}

wanted=$(mark "$extra")
if ! grep -qx "$wanted" "$venv/.kit-installed" 2>/dev/null; then
    echo "setup: installing packages ($([ "$extra" = light ] && echo "about 0.3 GB" || echo "about 3 GB"), once)" >&2
    # The packages alone are installed, never the kit itself: its folder may be read-only, and no build tool is needed.
    "$venv/bin/python" "$list" "$extra" | "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
        -c "$root/constraints.txt" -r /dev/stdin >&2
    # dev holds train and report, and both hold light: who has the larger set has the smaller too.
    case $extra in
    dev) sets="dev train report light" ;;
    train) sets="train light" ;;
    report) sets="report light" ;;
    *) sets=$extra ;;
    esac
    for set in $sets; do mark "$set"; done >>"$venv/.kit-installed"
fi
echo "$venv/bin/python"
