#!/usr/bin/env bash
# tests/interop/github.sh: every status that the agent posts is accepted by GitHub's API as its published description
# has it, served by a validating mock (folder `forge-peer` of $HEADGATE_SHARED, by default ../shared beside the project).
# Without that folder, npm or its packages there is nothing to compare with: exit 77, skipped.
set -euo pipefail
source_dir=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
binary_dir=${HEADGATE_BINARY_DIR:-$source_dir/build/asan}
peer=${HEADGATE_SHARED:-$source_dir/../shared}/forge-peer
post=$binary_dir/tests/tools/forge_post

COMMIT=6dcb09b5b57875f334f61aebed695e2e4193db5e
SHA256_COMMIT=$(printf '0123456789abcdef%.0s' 1 2 3 4)

scratch=
server=
taken=0
wrong=0

main() {
	[[ -d $peer ]] || skip "there is no $peer"
	if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
		skip "npm is not installed"
	fi
	[[ -x $post ]] || fail "$post is not built"
	scratch=$(mktemp -d "${TMPDIR:-/tmp}/headgate-interop-XXXXXX")
	trap finish EXIT
	trap 'exit 130' INT TERM
	start_server
	the_mock_is_strict
	every_status_is_accepted
	printf '%d accepted, %d wrong\n' "$taken" "$wrong"
	((wrong == 0))
}

start_server() {
	cp -r "$peer" "$scratch/peer"
	cd "$scratch/peer"
	npm install --ignore-scripts --no-audit --no-fund >"$scratch/npm.log" 2>&1 || skip "npm cannot install the packages of $peer"
	npm run spec >"$scratch/spec.log" 2>&1 || fail "$(cat "$scratch/spec.log")"
	port=$(node -e 'const s = require("net").createServer().listen(0, "127.0.0.1", () => { console.log(s.address().port); s.close(); })')
	api=http://127.0.0.1:$port
	server=$(sh prism.sh gh-strict.json "$port") # comes back when it answers
	curl -s -o /dev/null "$api/rate_limit" -H 'Authorization: Bearer x' || fail "the mock does not answer"
}

the_mock_is_strict() { # else being accepted would mean nothing
	local answer
	answer=$(curl -s -o /dev/null -w '%{http_code}' -X POST "$api/repos/acme/shop/statuses/$COMMIT" \
		-H 'Authorization: Bearer x' -H 'Content-Type: application/json' -d '{"state":"superb","context":"c"}')
	[[ $answer == 422 ]] || fail "the mock took a state that does not exist ($answer)"
}

every_status_is_accepted() {
	local state words e_acute kanji
	e_acute=$(printf 'é%.0s' {1..200})
	kanji=$(printf '移%.0s' {1..140})
	for state in pending success failure error; do
		for words in "" "applied 2 migrations in 1.3 s" "$e_acute" "$kanji" $'two\nlines\tand "quotes" \\ \x1b[31m' \
			"20261124_add_index: 23505 unique_violation on users_email_key, line 3" "broken utf-8: "$'\xff\xfe'; do
			accepted "$COMMIT" shop "$state" "$words"
		done
	done
	accepted "$SHA256_COMMIT" shop success "a commit of a SHA-256 repository"
	accepted "$COMMIT" "$(printf 'x%.0s' {1..246})" success "the longest context"
	accepted "$COMMIT" shop success "a link" https://headgate.example/runs/41
	accepted "$COMMIT" shop success "a link without TLS" 'http://10.1.2.3:8080/runs/41?a=b&c=d'
	accepted "$COMMIT" shop success "what is no link is left out" 'javascript:alert(1)'
	accepted "$COMMIT" shop success "a second try looks first" "" retried
}

accepted() { # COMMIT TARGET STATE WORDS [URL [retried]]
	local answer
	if answer=$("$post" "$api" acme/shop.db token "$@" 2>&1) && [[ $answer == taken ]]; then
		taken=$((taken + 1))
	else
		wrong=$((wrong + 1))
		printf 'not accepted: %q: %s\n' "$*" "$answer"
	fi
}

finish() {
	if [[ -n $server ]]; then
		kill "$server" 2>/dev/null || true
	fi
	rm -rf "$scratch"
}

skip() {
	printf 'skipped: %s\n' "$1"
	exit 77
}

fail() {
	printf 'failed: %s\n' "$1"
	exit 1
}

main
