#!/usr/bin/env bash
# Finds or makes the Python environment and prints its interpreter's path on standard output.
#   KIT_PYTHON=/path/to/python   use this environment as it is (an NPU image, a conda environment)
#   bash finetune/setup.sh dev   the test tools too
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
extra=${1:-}

if [ -n "${KIT_PYTHON:-}" ]; then
    python=$(command -v "$KIT_PYTHON") || {
        echo "error: KIT_PYTHON=$KIT_PYTHON is no command" >&2
        exit 2
    }
    missing=$("$python" - <<'PY'
from importlib.util import find_spec
needed = "mindspore mindformers numpy pydantic yaml safetensors ml_dtypes sentencepiece tiktoken orjson jieba jinja2 matplotlib PIL tqdm"
print(" ".join(name for name in needed.split() if find_spec(name) is None))
PY
    )
    if [ -n "$missing" ]; then
        echo "error: $python lacks: $missing (see requirements.txt; unset KIT_PYTHON to have an environment made)" >&2
        exit 2
    fi
    echo "$python"
    exit 0
fi

venv=${KIT_VENV:-$root/.venv}
files=("$root/requirements.txt")
[ "$extra" = dev ] && files+=("$root/requirements-dev.txt")
mark=$(cat "$root/constraints.txt" "${files[@]}" | sha256sum | cut -d' ' -f1)

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

# A set of packages that holds the test tools serves the plain set too.
if ! grep -qxE "$mark|dev-of-$mark" "$venv/.kit-installed" 2>/dev/null; then
    echo "setup: installing packages (about 3 GB, once)" >&2
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -c "$root/constraints.txt" \
        $(printf -- '-r %s ' "${files[@]}") >&2
    {
        echo "$mark"
        [ "$extra" = dev ] && echo "dev-of-$(cat "$root/constraints.txt" "${files[0]}" | sha256sum | cut -d' ' -f1)"
        true
    } >>"$venv/.kit-installed"
fi
echo "$venv/bin/python"
