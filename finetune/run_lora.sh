#!/usr/bin/env bash
# The main job: from corpus to zip. `bash finetune/run_lora.sh --help` explains.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@" # started with another shell (sh)
[ "${BASH_SOURCE[0]:-}" = "$0" ] && grep -q "$(printf '\r')" "$0" && exec bash -c "$(tr -d '\r' <"$0")" "$0" "$@" # line ends of Windows
if (return 0 2>/dev/null); then # read into a shell that would end with the first error
    echo "error: start it, do not source it: bash finetune/run_lora.sh" >&2
    return 2
fi
set -euo pipefail
# Standard streams that are closed lead nowhere; else the next file that is opened would get what is printed.
[ -e /proc/self/fd/0 ] || exec </dev/null
[ -e /proc/self/fd/1 ] || exec >/dev/null
[ -e /proc/self/fd/2 ] || exec 2>/dev/null
here=$(dirname "$(readlink -f -- "${BASH_SOURCE[0]:-$0}")") # where it lies, also where a link to it was started
python=$(bash "$here/setup.sh")
exec "$python" "${here%/*}/pipeline/job.py" "$@"
