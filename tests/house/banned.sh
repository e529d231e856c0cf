#!/usr/bin/env bash
# banned.sh [TREE | --self-test]: the banned functions are really banned, and nobody goes round the ban.
# The compiler sees calls (banned.h is included before every file); this looks for what macros cannot see.
source "$(dirname "$0")/lib.sh"

BANNED=(strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll gmtime localtime ctime system popen tmpnam mktemp)

check_header() { # each function's macro must break the build
	local function header=include/base/banned.h
	if [[ ! -e $header ]]; then
		violation "$header" "is missing"
		return
	fi
	for function in "${BANNED[@]}"; do
		if ! grep -qE "^#define $function\(.*\) BANNED\($function\)" "$header"; then
			violation "$header" "does not ban $function"
		fi
	done
	if printf 'int main(void)\n{\n\treturn system("true");\n}\n' |
		gcc -std=c17 -D_GNU_SOURCE -Werror=implicit-function-declaration -include "$header" -fsyntax-only -x c - 2>/dev/null; then
		violation "$header" "lets a banned call compile"
	fi
}

check_sources() { # names in parentheses, as values, undefined, or redeclared
	local names values file line text
	names=$(IFS='|'; printf '%s' "${BANNED[*]}")
	values=${names/|system|/|} # a fine name for a variable
	while IFS=: read -r file line text; do
		violation "$file:$line" "goes round include/base/banned.h: ${text#"${text%%[![:space:]]*}"}"
	done < <(find agent include tests -name '*.[ch]' ! -path include/base/banned.h -print0 2>/dev/null | sort -z | xargs -0 -r grep -nHE \
		-e "[=,(][[:space:]]*&?($values)[[:space:]]*[;,})]" -e "&system\b|\(system\)[[:space:]]*\(" \
		-e "^[[:space:]]*#[[:space:]]*(undef|define)[[:space:]]+($names)\b")
}

check_tree() { # TREE
	cd "$1"
	check_header
	check_sources
	house_end
}

self_test() {
	self_test_begin
	write_file include/base/banned.h <"$house_root/include/base/banned.h"
	write_file agent/base/a.c <<<'int a(const char *system) { text = system; return parse(text, 1); }'
	must_pass "no banned function is used"
	must_find agent/base/a.c 'void b(char *c) { (strcpy)(c, "d"); }' 'agent/base/a.c:2: goes round'
	must_find agent/base/a.c 'int (*number)(const char *) = atoi;' 'agent/base/a.c:2: goes round'
	must_find agent/base/a.c '#undef popen' 'agent/base/a.c:2: goes round'
	must_find tests/unit/b.c 'call(&system, 1);' 'tests/unit/b.c:1: goes round'
	must_find tests/unit/b.c '(system)("true");' 'tests/unit/b.c:1: goes round'
	sed -i '/define strtok/d; s/sorry_##function##_is_banned[a-z_]*/function/' "$house_scratch/include/base/banned.h"
	must_find agent/base/a.c '' 'does not ban strtok'
	must_find agent/base/a.c '' 'lets a banned call compile'
	self_test_end
}

case ${1:-} in
--self-test) self_test ;;
*) check_tree "${1:-$house_root}" ;;
esac
