#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/objects.sh"
scenario "links, submodules, odd names and twins in the migrations folder are each refused, and the commit that brought them says so"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

refused() { # CODE FRAGMENT: the commit that was just pushed; then it is taken back
	reconcile
	expect_exit 3
	expect_output "$1"
	expect_output "$2"
	expect_status "$commit" failure "$1"
	take_back
}
blob=$(git -C "$work" hash-object -w --stdin <<<'SELECT 1;')
tree=$(printf '100644 blob %s\tmigration.sql\n' "$blob" | git -C "$work" mktree)

put_entry 120000 blob "$blob" 20260102000000_link
refused W004 "symbolic links" # way out: W004
put_entry 160000 commit "$(git -C "$work" rev-parse HEAD)" 20260102000000_module
refused W004 "submodules"
put_entry 040000 tree "$tree" $'20260102000000_\t_tab'
refused W004 "control characters"
put_entry 040000 tree "$tree" '20260102000000_back\slash'
refused W004 "backslash"
put_entry 040000 tree "$tree" $'20260102000000_\xff\xfe'
refused W004 "UTF-8"
put_entry 040000 tree "$tree" 20260101000000_USERS
refused W005 "20260101000000_USERS" # way out: W005
put_entry 100644 blob "$blob" $'20260101000000_users/caf\u00e9.md'
put_entry 100644 blob "$blob" $'20260101000000_users/cafe\u0301.md'
refused W005 "on some file systems the two are one"
put_entry 120000 blob "$blob" 20260101000000_users/down.sql
refused W004 "symbolic links"

reconcile
expect_exit 0
expect_ledger_rows 20260101000000_users 1
