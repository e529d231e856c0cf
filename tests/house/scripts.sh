#!/usr/bin/env bash
# scripts.sh: every shell script of the tree passes shellcheck; 77 (skipped) where it is not installed.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v shellcheck >/dev/null; then
	echo "shellcheck is not installed; deploy/install-packages test"
	exit 77
fi
mapfile -t scripts < <(grep -rlIE --exclude-dir=.git --exclude-dir=build -m1 -e '^#!/(bin/(ba)?sh|usr/bin/env bash)' -e '^# shellcheck shell=' \
	.ci deploy docs policies tests 2>/dev/null | sort)
shellcheck "${scripts[@]}"
