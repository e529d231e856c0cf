#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "before the merge: what a branch does to migrations that stand, and what its own lack, all of it at once"

given_repository
given_policy plain $'trust: branch\nbackup: {rule: none}\nrollback: free\nmax_rollback: 2'
given_policy careful $'trust: branch\nbackup: {rule: required}\nrollback: trailer\nlate: refuse\nnonatomic: refuse
checklist: [tested, backup, rollback-plan]'
preflight() { # [POLICY] [OPTION…]
	local policy=${1:-plain}
	shift || true
	headgate preflight --repository "$work/prisma" --policy "$scratch/policies/$policy.yaml" "$@" origin/main..HEAD
}
fresh() { # a new branch from where main is
	git -C "$work" reset -q --hard
	git -C "$work" switch -q main
	git -C "$work" switch -q -C feature
}

for number in 1 2 3 4; do
	migration "2026010${number}000000_step$number" "CREATE TABLE t$number (id int);" "$([[ $number == 4 ]] || echo "DROP TABLE t$number;")"
done
commit_as alice "Four steps"
push

fresh
printf -- '-- more\n' >>"$work/prisma/migrations/20260102000000_step2/migration.sql"
printf 'SELECT 1;\n' >>"$work/prisma/migrations/20260103000000_step3/migration.sql"
commit_as alice "Edit two that stand"
preflight
expect_exit 3
expect_output "preflight: 2 findings, this would be refused"
expect_output "20260102000000_step2 W010"
expect_output "20260103000000_step3 W010"
expect_output "at prisma/migrations/20260103000000_step3/migration.sql:1"

fresh
git -C "$work" rm -qr prisma/migrations/20260103000000_step3
commit_as alice "Take step three back"
preflight
expect_exit 0
expect_output "preflight: would apply none, roll back 1 migration"
expect_output "would roll back 20260103000000_step3"
preflight careful
expect_exit 3
expect_output "C003"
expect_output "git commit --amend -S --trailer 'Headgate-Rollback: down'"
git_as alice commit -q --amend --no-edit --trailer 'Headgate-Rollback: down'
preflight careful
expect_exit 0

fresh
git -C "$work" rm -qr prisma/migrations/20260104000000_step4
commit_as alice "Take step four back"
preflight
expect_exit 3
expect_output "A006 '20260104000000_step4' cannot be rolled back"

fresh
git -C "$work" rm -qr prisma/migrations/2026010{1,2,3}000000_step*
migration 20260105000000_step5 'CREATE TABLE t5 (id int'
commit_as alice "Take too much back"
preflight
expect_exit 3
expect_output "W013"
expect_output "P002" # and goes on behind it

fresh
git -C "$work" mv prisma/migrations/20260103000000_step3 prisma/migrations/20260103000000_third
git -C "$work" mv prisma/migrations/20260102000000_step2 prisma/migrations/20260102000000_second
commit_as alice "Rename two"
preflight
expect_exit 3
expect_output "preflight: 2 findings"
expect_output "'20260102000000_step2' was renamed to '20260102000000_second'"
expect_output "'20260103000000_step3' was renamed to '20260103000000_third'"

fresh
git -C "$work" rm -qr prisma/migrations/2026010{3,4}000000_step*
migration 20260100000000_squashed 'CREATE TABLE all_of_it (id int);'
commit_as alice "Squash"
preflight
expect_exit 3
expect_output "W012"

fresh
printf 'provider = "mysql"\n' >"$work/prisma/migrations/migration_lock.toml"
mkdir "$work/prisma/migrations/20260107000000_empty"
: >"$work/prisma/migrations/20260107000000_empty/README.md"
migration 20260106000000_bytes 'x'
printf 'SELECT \0;\n' >"$work/prisma/migrations/20260106000000_bytes/migration.sql"
migration 20260106000000_twin 'SELECT 1;'
migration 20260106000000_last 'SELECT 1;'
migration "20260108_Odd" 'SELECT 1;'
commit_as alice "Odd things"
preflight
expect_exit 3
expect_output "preflight: 3 findings"
expect_output "prisma/migrations/migration_lock.toml W008"
expect_output "20260106000000_bytes W006"
expect_output "20260107000000_empty W007"
expect_output "'20260108_Odd' is not YYYYMMDDHHMMSS_lower_case"
expect_output "have one timestamp"

fresh
ln -s 20260101000000_step1 "$work/prisma/migrations/20260109000000_link"
commit_as alice "Link"
preflight
expect_exit 3
expect_output "W004"

fresh
migration 20260102120000_late 'CREATE TABLE late (id int);'
migration 20260109000000_own 'BEGIN; CREATE TABLE own (id int); COMMIT;'
migration 20260110000000_index $'CREATE TABLE i (id int);\n\nCREATE DATABASE other;'
printf -- '- [x] tested\n' >"$work/prisma/migrations/20260109000000_own/checklist.md"
printf -- '- [x] tasted\n' >"$work/prisma/migrations/20260110000000_index/checklist.md"
commit_as alice "Careless"
preflight careful
expect_exit 3
expect_output "20260102120000_late W016"
expect_output "20260109000000_own C001 '20260109000000_own' lacks the checklist item 'rollback-plan'"
expect_output "at prisma/migrations/20260109000000_own/checklist.md:1"
expect_output "20260110000000_index C002"
expect_output "P003"
expect_output "at prisma/migrations/20260110000000_index/migration.sql:3"
expect_output "preflight: 5 findings"

# What the branch to be merged into has taken back, or changed since, is its own affair.
fresh
migration 20260109000000_own 'CREATE TABLE own (id int);'
commit_as alice "Add own"
git -C "$work" switch -q main
git -C "$work" rm -qr prisma/migrations/20260103000000_step3
commit_as alice "Take step three back"
migration 20260109000000_own 'CREATE TABLE own (id bigint);'
commit_as alice "Another one of that name"
push
git -C "$work" switch -q feature
preflight
expect_exit 3
expect_output "preflight: 1 finding"
expect_output "20260109000000_own W010"
