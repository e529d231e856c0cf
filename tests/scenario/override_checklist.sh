#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a person with that right lifts the checklist of one step, once and until a time, and the status says so"

given_repository
given_database
given_policy checked "$(printf '%s\n' "trust: signed" "checklist: [tested]" "backup: {rule: none}" "rollback: free" \
	"roles:" "  - {name: developers, persons: [alice@example.org], may: [deploy, rollback]}" \
	"  - {name: on-call, persons: [bob@example.org], may: [deploy, rollback, override]}")"
given_config policy=policies/checked.yaml
baseline

override_as() { # NAME TAG COMMIT EXPIRES LIFT…
	local name=$1 tag=$2 on=$3 expires=$4 word
	shift 4
	{
		printf 'The shop is down\n\n'
		for word in "$@"; do
			printf 'Headgate-Lift: %s\n' "$word"
		done
		printf 'Headgate-Expires: %s\n' "$expires"
	} | git_as "$name" tag -s -F - "$tag" "$on"
	git_as "$name" push -q origin "$tag"
}

in_time() { # DATE: as the tags have it
	date -u -d "$1" +%Y-%m-%dT%H:%M:%SZ
}

migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
step=$commit
push
reconcile
expect_exit 3
expect_output "lacks the checklist item 'tested'"
expect_output "Headgate-Lift: checklist"
expect_output "git tag -s -F -"

say "by whom it is not allowed"
override_as alice "override/shop/$step/alice" "$step" "$(in_time +1hour)" checklist
reconcile
expect_exit 3
expect_output "no role lets 'alice@example.org' override"
expect_no_table users

say "what this version does not lift"
override_as bob "override/shop/$step/window" "$step" "$(in_time +1hour)" checklist window
reconcile
expect_exit 3
expect_output "'window' cannot be lifted in this version"

say "until a time"
override_as bob "override/shop/$step/short" "$step" "$(in_time +2seconds)" checklist
sleep 3
reconcile
expect_exit 3
expect_output "it has expired"
expect_no_table users

say "as it should be"
override_as bob "override/shop/$step/bob" "$step" "$(in_time +1hour)" checklist
reconcile
expect_exit 0
expect_table users
expect_status "$step" success "checklist lifted by bob@example.org (override tag)"

say "of another step it says nothing"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);' 'DROP TABLE orders;'
commit_as alice "Add orders"
orders=$commit
push
reconcile
expect_exit 3
expect_no_table orders
override_as bob "override/shop/$orders/bob" "$orders" "$(in_time +1hour)" checklist
reconcile_dies_at run_begun
reconcile # the run that uses it goes on
expect_exit 0
expect_status "$orders" success "checklist lifted by bob@example.org (override tag)"
expect_table orders

say "once: it went back by hand, and the same tag does not bring it again"
headgate rollback 20260102000000_orders
expect_exit 0
headgate unhold 20260102000000_orders
expect_exit 0
reconcile
expect_exit 3
expect_output "used it, and it counts once"
expect_no_table orders

say "nor do the same signed words under another object"
payload=$(git -C "$work" cat-file tag "override/shop/$orders/bob" | sed '/^-----BEGIN/,$d')
printf '%s\n' "$payload" >"$scratch/payload"
git_as bob tag -d "override/shop/$orders/bob" >/dev/null
ssh-keygen -q -Y sign -n git -f "$keys/bob" -O hashalg=sha256 "$scratch/payload" 2>/dev/null
again=$(cat "$scratch/payload" "$scratch/payload.sig" | git -C "$work" hash-object -t tag -w --stdin)
expect "another object" yes "$([[ $again != "$(git -C "$bare" rev-parse "override/shop/$orders/bob")" ]] && echo yes)"
git -C "$work" push -q -f origin "$again:refs/tags/override/shop/$orders/bob"
reconcile
expect_exit 3
expect_output "used it, and it counts once"
expect_no_table orders
