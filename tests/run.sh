#!/usr/bin/env bash
# Format, lint, types, tests. `bash tests/run.sh -k NAME` passes words on to pytest.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
python=$(bash "$root/finetune/setup.sh" dev)
cd "$root"
"$python" -m ruff format --check .
"$python" -m ruff check .
"$python" -m mypy
exec "$python" -m pytest "$@"
