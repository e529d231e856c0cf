#!/usr/bin/env bash
# floors.sh [TREE | --self-test]: a file includes only floors below its own, and each library is known to one file.
# The two tables below are the law; docs/architecture.md draws them.
source "$(dirname "$0")/lib.sh"

# floor of the file -> floors whose headers it may include (a floor may always include itself)
declare -A MAY_INCLUDE=(
	[base]=""
	[model]="base"
	[ports]="model base"
	[policy]="model base"
	[adapters]="ports model base"
	[stages]="policy ports model base"
	[engine]="stages policy ports model base"
	[cli]="engine stages policy ports model base"
	[main]="cli engine stages policy adapters ports model base"
)

# a library's header (a prefix) -> the one file that knows it (a pattern)
LIBRARIES=(
	"git2/sys/       agent/adapters/git_road.c"
	"git2            agent/adapters/git.c"
	"libpq-fe.h      agent/adapters/pg.c"
	"postgres.h      agent/adapters/parser_pgquery*.c"
	"nodes/          agent/adapters/parser_pgquery*.c"
	"postgres        agent/adapters/pg.c"
	"curl/           agent/adapters/http.c"
	"jansson.h       agent/base/node.c"
	"openssl/        agent/base/hash.c"
	"sqlite3.h       agent/adapters/journal_sqlite*.c"
	"libfyaml.h      agent/adapters/yaml.c"
	"pg_query        agent/adapters/parser_pgquery*.c"
	"protobuf-c/     agent/adapters/parser_pgquery*.c"
	"utf8proc.h      agent/adapters/unicode.c"
	"gpgme.h         agent/adapters/gpg.c"
)

# every other header in angle brackets is the C library's or the kernel's
C_LIBRARY="assert|ctype|dirent|endian|errno|fcntl|fnmatch|ftw|getopt|glob|grp|inttypes|langinfo|limits|locale|math|netdb|poll|pwd|\
sched|signal|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|stdnoreturn|string|strings|syslog|termios|\
time|unistd|sys/[a-z]+|netinet/[a-z]+|arpa/inet|linux/[a-z_]+"

# who may log; lower floors return errors
MAY_LOG="^(include/base/log\.h|agent/base/log\.c|include/(engine|cli)/.*|agent/(engine|cli)/.*|agent/main\.c)$"

declare -A known_by=()

floor_of() { # PATH -> floor
	case $1 in
	agent/main.c) floor=main ;;
	agent/*/* | include/*/*) floor=${1#*/} floor=${floor%%/*} ;;
	*) floor= ;;
	esac
}

check_quoted() { # FILE LINE HEADER
	local above=$1 line=$2 header=$3 wanted=${3%%/*}
	if [[ $header != */* ]]; then
		violation "$above:$line" "\"$header\" must be included by its full path, floor first"
	elif [[ -z ${MAY_INCLUDE[$wanted]+known} || $wanted == main ]]; then
		violation "$above:$line" "\"$header\" stands on no floor"
	elif [[ $wanted != "$floor" && " ${MAY_INCLUDE[$floor]} " != *" $wanted "* ]]; then
		violation "$above:$line" "$floor may not include $wanted (\"$header\")"
	elif [[ $above == include/* && ! -e $tree/include/$header ]]; then
		violation "$above:$line" "a public header may not include \"$header\", which is private to agent/"
	elif [[ $header == base/log.h && ! $above =~ $MAY_LOG ]]; then
		violation "$above:$line" "only engine and cli log; return an error instead"
	fi
}

check_angled() { # FILE LINE HEADER
	local row header owner
	for row in "${LIBRARIES[@]}"; do
		read -r header owner <<<"$row"
		[[ $3 == "$header"* ]] || continue
		# shellcheck disable=SC2053 # the owner is a pattern
		if [[ $1 != $owner ]]; then
			violation "$1:$2" "<$3> belongs to $owner alone"
		elif [[ -n ${known_by[$owner]:-} && ${known_by[$owner]} != "$1" ]]; then
			violation "$1:$2" "<$3> is already known to ${known_by[$owner]}, and one file is enough"
		else
			known_by[$owner]=$1
		fi
		return
	done
	if [[ ! $3 =~ ^($C_LIBRARY)\.h$ ]]; then
		violation "$1:$2" "<$3> is neither the C library's nor in the table of libraries in tests/house/floors.sh"
	fi
}

check_tree() { # TREE
	local file line text pattern='^[[:space:]]*#[[:space:]]*include[[:space:]]*([<"])([^>"]+)[>"]'
	local floor floorless=
	tree=$1
	cd "$tree"
	while IFS=: read -r file line text; do
		[[ $text =~ $pattern ]] || continue
		floor_of "$file"
		if [[ -z ${floor:-} || -z ${MAY_INCLUDE[$floor]+known} ]]; then
			if [[ $floorless != "$file" ]]; then
				violation "$file" "stands on no floor"
			fi
			floorless=$file
		elif [[ ${BASH_REMATCH[1]} == '"' ]]; then
			check_quoted "$file" "$line" "${BASH_REMATCH[2]}"
		else
			check_angled "$file" "$line" "${BASH_REMATCH[2]}"
		fi
	done < <(find include agent -name '*.[ch]' -print0 2>/dev/null | sort -z |
		xargs -0 -r grep -nHE '^[[:space:]]*#[[:space:]]*include')
	house_end
}

self_test() {
	self_test_begin
	write_file include/base/a.h <<<'#include <stdint.h>'
	write_file include/base/log.h <<<'#include <stdbool.h>'
	write_file include/model/m.h <<<'#include "base/a.h"'
	write_file include/ports/p.h <<<'#include "model/m.h"'
	write_file include/policy/r.h <<<'#include "model/m.h"'
	write_file include/stages/s.h <<<'#include "ports/p.h"'
	write_file include/engine/e.h <<<'#include "stages/s.h"'
	write_file agent/adapters/git.c <<<'#include <git2.h>'
	write_file agent/adapters/journal_sqlite.c <<<'#include <sqlite3.h>'
	write_file agent/adapters/git.h <<<'#include "ports/p.h"'
	write_file agent/adapters/source_git.c <<<'#include "adapters/git.h"'
	write_file agent/stages/s.c <<<'#include "policy/r.h"'
	write_file agent/engine/e.c <<<'#include "base/log.h"'
	write_file agent/cli/c.c <<<'#include "engine/e.h"'
	write_file agent/main.c <<<'#include "adapters/git.h"'
	must_pass "every file looks down"
	must_find include/base/a.h '#include "model/m.h"' 'include/base/a.h:2: base may not include model'
	must_find include/model/m.h '#include "ports/p.h"' 'include/model/m.h:2: model may not include ports'
	must_find include/policy/r.h '#include "ports/p.h"' 'policy may not include ports'
	must_find agent/stages/s.c '#include "adapters/git.h"' 'agent/stages/s.c:2: stages may not include adapters'
	must_find agent/stages/s.c '#include "engine/e.h"' 'stages may not include engine'
	must_find agent/adapters/git.c '#include "policy/r.h"' 'adapters may not include policy'
	must_find agent/engine/e.c '  #  include "cli/c.h"' 'engine may not include cli'
	must_find agent/cli/c.c '#include "adapters/git.h"' 'cli may not include adapters'
	must_find agent/adapters/source_git.c '#include <git2/oid.h>' '<git2/oid.h> belongs to agent/adapters/git.c alone'
	must_find agent/adapters/journal_sqlite_chain.c '#include <sqlite3.h>' 'one file is enough'
	must_find agent/adapters/git.h '#include <libpq-fe.h>' 'belongs to agent/adapters/pg.c alone'
	must_find agent/base/x.c '#include <openssl/evp.h>' 'belongs to agent/base/hash.c alone'
	must_find agent/base/x.c '#include <uv.h>' 'neither the C library'
	must_find agent/stages/s.c '#include "base/log.h"' 'only engine and cli log'
	must_find agent/stages/s.c '#include "s.h"' 'by its full path'
	must_find agent/stages/s.c '#include "common/x.h"' 'stands on no floor'
	must_find agent/common/x.c '#include "base/a.h"' 'stands on no floor'
	must_find include/engine/e.h '#include "engine/private.h"' 'private to agent/'
	must_pass "everything was put back"
	self_test_end
}

case ${1:-} in
--self-test) self_test ;;
*) check_tree "${1:-$house_root}" ;;
esac
