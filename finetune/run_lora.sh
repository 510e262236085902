#!/usr/bin/env bash
# The main job: from corpus to zip. `bash finetune/run_lora.sh --help` explains.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=$(bash "$here/setup.sh")
exec "$python" "$(dirname "$here")/pipeline/job.py" "$@"
