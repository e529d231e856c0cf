#!/usr/bin/env bash
# words.sh [TREE | --self-test]: what may not stand anywhere in the tree: paths of one machine, hosts of package
# registries, private keys, documents that are not here; and secret_reveal only where tests/house/secret_callers says so.
# A pattern is written so that it does not match its own row.
source "$(dirname "$0")/lib.sh"

WORDS=( # pattern | sentence
	'(^|[^[:alnum:]_.])/(wor[k]|roo[t]|hom[e]/[a-z])/|a path of one machine'
	'/tmp/buil[d]|a path of one machine'
	'(registr[y]\.npmjs|registr[y]\.yarnpkg|(static\.|index\.)?crate[s]\.io|pyp[i]\.org|files\.pythonhoste[d]|rubygem[s]\.org|repo1?\.mave[n]|prox[y]\.golang|de[b]\.debian\.org|apt\.postgresq[l]\.org|security\.debia[n])|the host of a package registry'
	'\b(DESIG[N]|(prism[a]|reliabilit[y]|model[s]|lintin[g])\.md)\b|trust-and-forge[s]|a document that the reader does not have; point to docs/rules.md'
	'BEGIN ([A-Z]+ )?PRIVATE KE[Y]|a private key; tests make their own'
	'\b(gh[pousr]_[A-Za-z0-9]{36}|glpa[t]-[A-Za-z0-9_-]{20}|AKI[A][0-9A-Z]{16})\b|what looks like a token'
)

check_words() {
	local row pattern sentence file line
	for row in "${WORDS[@]}"; do
		pattern=${row%|*} sentence=${row##*|}
		while IFS=: read -r file line _; do
			violation "${file#./}:$line" "$sentence"
		done < <(grep -rnIE --exclude-dir=.git --exclude-dir=build --exclude-dir=node_modules -e "$pattern" . || true)
	done
}

# secret_callers: one "path  reason" per line
check_secrets() {
	local list=tests/house/secret_callers file line allowed reason
	while IFS=: read -r file line _; do
		if ! grep -qsE "^${file//./\\.}[[:space:]]" "$list"; then
			violation "$file:$line" "calls secret_reveal and is not in $list"
		fi
	done < <(grep -rnE '\bsecret_reveal\(' agent include 2>/dev/null | grep -vE '^(include/base/secret\.h|agent/base/secret\.c):' || true)
	[[ -e $list ]] || return 0
	# shellcheck disable=SC2094 # the list is only named in the messages
	while read -r allowed reason; do
		[[ -n $allowed && $allowed != \#* ]] || continue
		if [[ -z $reason ]]; then
			violation "$list" "$allowed has no reason"
		elif ! grep -qs 'secret_reveal(' "$allowed"; then
			violation "$list" "$allowed calls secret_reveal no more: remove the line"
		fi
	done <"$list"
}

check_tree() { # TREE
	cd "$1"
	check_words
	check_secrets
	house_end
}

self_test() {
	local work=/work
	self_test_begin
	write_file README.md <<<'An ordinary sentence about a framework/ and artwork/, designed by us; see /usr/share/doc and schema.prisma.'
	write_file agent/adapters/pg.c <<<'connect(secret_reveal(url));'
	write_file tests/house/secret_callers <<<$'# comment\nagent/adapters/pg.c  the connection string goes to libpq'
	must_pass "only ordinary words are there"
	must_find README.md "see $work/main" 'README.md:2: a path of one machine'
	must_find README.md "in /root""/x" 'README.md:2: a path of one machine'
	must_find README.md "https://registry"".npmjs.org/x" 'the host of a package registry'
	must_find agent/model/plan.c '/* See DES''IGN section 5. */' 'agent/model/plan.c:1: a document that the reader does not have'
	must_find include/model/ledger.h '/* pris''ma.md section 1 */' 'a document that the reader does not have'
	must_find docs/states.md 'as trust-and''-forges says' 'a document that the reader does not have'
	must_find tests/key "-----BEGIN OPENSSH PRIVATE"" KEY-----" 'tests/key:1: a private key'
	must_find policies/a.yaml "token: ghp""_$(printf 'a%.0s' {1..36})" 'what looks like a token'
	must_find agent/cli/c.c 'puts(secret_reveal(token));' 'agent/cli/c.c:1: calls secret_reveal'
	must_find tests/house/secret_callers 'agent/cli/c.c  prints it' 'no more'
	must_find tests/house/secret_callers 'agent/adapters/pg.c' 'has no reason'
	must_pass "everything was put back"
	self_test_end
}

case ${1:-} in
--self-test) self_test ;;
*) check_tree "${1:-$house_root}" ;;
esac
