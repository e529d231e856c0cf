#!/usr/bin/env bash
# headers.sh [TREE | --self-test]: each header compiles alone, twice in a row, with gcc and clang, with and without fault points.
# All of them are tried at once; only when that fails are they tried one by one, to name the guilty.
source "$(dirname "$0")/lib.sh"

FLAGS=(-std=c17 -D_GNU_SOURCE -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wformat=2
	-Wswitch-enum -Werror -fsyntax-only -I include -I agent)
FAULTS=("" -DHEADGATE_FAULTS)

compilers() {
	local name
	for name in gcc clang; do
		if command -v "$name" >/dev/null; then
			printf '%s\n' "$name"
		fi
	done
}

write_probe() { # HEADER FILE: the declaration keeps a header of macros only from being an empty translation unit
	printf '#include "%s"\n#include "%s"\nextern int headers_alone;\n' "$1" "$1" >"$2"
}

all_compile() { # FOLDER of probes
	local compiler faults good=0
	for compiler in $(compilers); do
		for faults in "${FAULTS[@]}"; do
			"$compiler" "${FLAGS[@]}" ${faults:+"$faults"} "$1"/*.c 2>/dev/null || good=1
		done
	done
	return $good
}

errors_of() { # PROBE
	local compiler faults
	for compiler in $(compilers); do
		for faults in "${FAULTS[@]}"; do
			{ "$compiler" "${FLAGS[@]}" ${faults:+"$faults"} "$1" 2>&1 || true; } | sed -n "/error:/s/^/$compiler: /p"
		done
	done | awk '!seen[$0]++' | sed -n '1,4p'
}

check_tree() { # TREE
	local header headers found number=0
	probes=$(mktemp -d "${TMPDIR:-/tmp}/headgate-headers-XXXXXX")
	trap 'rm -rf "$probes"' EXIT
	cd "$1"
	mapfile -t headers < <(find include agent -name '*.h' 2>/dev/null | sort)
	for header in "${headers[@]}"; do
		write_probe "${header#*/}" "$probes/$number.c"
		number=$((number + 1))
	done
	if ((number > 0)) && ! all_compile "$probes"; then
		number=0
		for header in "${headers[@]}"; do
			found=$(errors_of "$probes/$number.c")
			if [[ -n $found ]]; then
				violation "$header" "does not compile alone: ${found//$'\n'/ | }"
			fi
			number=$((number + 1))
		done
	fi
	house_end
}

self_test() {
	self_test_begin
	write_file include/base/a.h <<<$'#pragma once\n#include <stdint.h>\nuint8_t first(void);'
	write_file include/base/macros.h <<<$'#pragma once\n#define ONE 1'
	write_file agent/base/private.h <<<$'#pragma once\n#include "base/a.h"\nstruct b { uint8_t c; };'
	must_pass "every header includes what it uses"
	must_find include/base/b.h 'uint8_t second(void);' 'include/base/b.h: does not compile alone: gcc:'
	must_find include/base/b.h 'uint8_t second(void);' 'clang:'
	must_find include/base/b.h 'struct twice { int a; };' 'include/base/b.h'
	must_find include/base/b.h $'#pragma once\n#ifdef HEADGATE_FAULTS\nint old_style();\n#endif' 'include/base/b.h'
	must_find agent/base/c.h 'struct d { struct unknown e; };' 'agent/base/c.h'
	must_pass "everything was put back"
	self_test_end
}

case ${1:-} in
--self-test) self_test ;;
*) check_tree "${1:-$house_root}" ;;
esac
