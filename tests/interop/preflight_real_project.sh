#!/usr/bin/env bash
# tests/interop/preflight_real_project.sh: a real project's migrations (434 of them, folder `data/langfuse` of
# $HEADGATE_SHARED, by default ../shared beside the project) are judged before the merge, in one commit and on top of
# one another, quickly enough for every push. Without the folder: exit 77, skipped.
shared=${HEADGATE_SHARED:-$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)/../shared}
if [[ ! -d $shared/data/langfuse ]]; then
	echo "skipped: there is no $shared/data/langfuse"
	exit 77
fi
source "$(dirname "$0")/../scenario/lib.sh"
scenario "434 migrations of a real project pass before the merge, within seconds"

given_repository
given_strict_policy
preflight() { # OUTPUT
	local before=$EPOCHREALTIME after
	headgate preflight --repository "$work" --policy "$scratch/policies/strict.yaml" \
		--allowed-signers "$keys/allowed_signers" --output "$1" origin/main..HEAD
	after=$EPOCHREALTIME
	took_ms=$(((${after/./} - ${before/./}) / 1000))
	say "it took $took_ms ms"
}

on_branch feature
cp -r "$shared/data/langfuse/." "$work/prisma/migrations/"
chmod -R u+w "$work/prisma/migrations"
commit_as alice "Bring all of it"
count=$(find "$work/prisma/migrations" -mindepth 1 -maxdepth 1 -type d | wc -l)
preflight text
expect_exit 0
expect_output "preflight: would apply $count migrations, roll back none"
expect "less than ten seconds, with sanitizers and beside other tests" yes "$( ((took_ms < 10000)) && echo yes || echo "$took_ms ms")"

# As in any later pull request: all of them stand, one comes.
git -C "$work" push -q origin feature:main
migration 20991231000000_one_more 'CREATE TABLE one_more (id int);'
printf -- '-- edited\n' >>"$work/prisma/migrations/20230518191501_init/migration.sql"
commit_as alice "One more, and one that is edited"
preflight json
expect_exit 3
expect_json '(.findings | map(.code)) == ["W010"] and (.items | map(.name)) == ["20991231000000_one_more"]'
expect "less than ten seconds" yes "$( ((took_ms < 10000)) && echo yes || echo "$took_ms ms")"
