#!/usr/bin/env bash
# scripts.sh: every shell script of the tree passes shellcheck; 77 (skipped) where it is not installed.
# A reader might expect one call for all: one for each runs on all cores, and what did not change is not asked again.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v shellcheck >/dev/null; then
	echo "shellcheck is not installed; deploy/install-packages test"
	exit 77
fi
mapfile -t scripts < <(grep -rlIE --exclude-dir=.git --exclude-dir=build -m1 -e '^#!/(bin/(ba)?sh|usr/bin/env bash)' -e '^# shellcheck shell=' \
	.ci deploy docs policies tests 2>/dev/null | sort)

# What passed once and did not change since is not looked at again: the folder of stamps is the build's.
stamps=${HEADGATE_BINARY_DIR:-build}/shellcheck
mkdir -p "$stamps"
rules=$(shellcheck --version; sha256sum .shellcheckrc 2>/dev/null || true)
declare -a changed=()
for script in "${scripts[@]}"; do
	stamp=$(printf '%s\n%s' "$rules" "$script" | cat - "$script" | sha256sum | cut -c1-64)
	if [[ ! -e $stamps/$stamp ]]; then
		changed+=("$script" "$stamps/$stamp")
	fi
done
if ((${#changed[@]})); then
	# shellcheck disable=SC2016 # the inner shell's own words
	printf '%s\0' "${changed[@]}" | xargs -0 -n 2 -P "$(nproc)" bash -c 'shellcheck "$1" && : >"$2"' _
fi
