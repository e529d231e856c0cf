#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a script on the agent's host waits for the outcome of a commit, whatever it is"

begins_to_wait() { # COMMIT [OPTION…]: in the background; has_waited looks how it ended
	local awaited=$1
	shift
	: >"$scratch/waiting"
	(
		trap - ERR EXIT INT TERM HUP
		exec setpriv --pdeathsig KILL "$headgate_binary" --config "$config" wait --commit "$awaited" "$@" \
			>"$scratch/waited" 2>"$scratch/waiting" </dev/null
	) &
	agent=$!
}

says() { # FRAGMENT: the waiting one, wherever its lines are broken
	tr -s ' \n' '  ' <"$scratch/waiting" | grep -qF -- "$1"
}

has_waited() { # sets exit_code
	exit_code=0
	wait "$agent" || exit_code=$?
	agent="" last_command="headgate wait --commit …, in the background"
	cp "$scratch/waited" "$scratch/out"
	cp "$scratch/waiting" "$scratch/err"
	no_sanitizer_report "$scratch/err"
}

sum_of_journal() {
	sqlite3 "$scratch/state/journal.db" .dump | sha256sum
}

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml

# Before there is a journal, and before the commit was seen.
headgate wait --commit "$commit" --timeout 0
expect_exit 5
expect_output "'shop' has no baseline yet"
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
begins_to_wait "${commit:0:8}" --timeout 60s
wait_until 10 "it says that nobody saw the commit" says "'${commit:0:8}' is no commit that the agent has seen"
reconcile
expect_exit 0
has_waited
expect_exit 0
expect_output "shop has ${commit:0:10}: applied 1 migration"
headgate wait --commit "$commit" --timeout 0 --output json
expect_exit 0
expect_json ".target == \"shop\" and .commit == \"$commit\" and .state == \"success\" and .deployed == \"$commit\" and .exit_status == 0"
headgate wait --commit main --timeout 0
expect_exit 0

# A commit without migrations has no status: the deployed commit answers.
printf 'More\n' >>"$work/README.md"
commit_as bob "Say more"
quiet=$commit
push
begins_to_wait "$quiet" --timeout 60s
wait_until 10 "it says that there is no status" says "${quiet:0:10} has no status yet; 'shop' is at"
reconcile
has_waited
expect_exit 0
expect_no_status "$quiet"
printf 'More\n' >>"$work/README.md"
commit_as bob "Say still more"
push
reconcile
journal=$(sum_of_journal)
headgate wait --commit "$quiet" --timeout 0
expect_exit 0
expect_output "it is at ${commit:0:10}"
expect "what the journal holds after it" "$(sum_of_journal)" "$journal"

# Refused for its signature; then undone.
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_unsigned "Add orders"
refused=$commit
push
reconcile
expect_exit 4
headgate wait --commit "$refused"
expect_exit 4
expect_output "V002"
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as alice "Add items"
behind=$commit
push
reconcile
headgate wait --commit "$behind" --timeout 1s
expect_exit 5
expect_output "T001"
expect_output "${behind:0:10} is pending: behind ${refused:0:10}, refused"
revert_as alice "$refused"
push
reconcile
expect_exit 0
headgate wait --commit "$refused"
expect_exit 3
expect_output "T006" # way out: T006
headgate wait --commit "$behind" --timeout 0
expect_exit 0

# Refused by the policy, failed in the database; tried again when somebody asks.
migration 20260104000000_bad 'SELECT 1 / 0;'
commit_as alice "Divide"
push
reconcile
expect_exit 1
headgate wait --commit "$commit" --output json
expect_exit 1
expect_json '.code == "A003" and .state == "failure" and (.next | length) > 0'
headgate retry
headgate wait --commit "$commit" --timeout 0
expect_exit 5
expect_output "tried again, as somebody asked"
git -C "$work" rm -rq prisma/migrations/20260104000000_bad
commit_as alice "Do not"
push
reconcile
expect_exit 0
sql "CREATE TABLE users2 (id int)" >/dev/null
git -C "$work" mv prisma/migrations/20260101000000_users prisma/migrations/20260105000000_users
commit_as alice "Rename"
push
reconcile
expect_exit 6
headgate wait --commit "$commit"
expect_exit 6
expect_output "W011"

# Neither a commit nor a target that is none.
headgate wait --commit 0123456789012345678901234567890123456789 --timeout 0
expect_exit 5
headgate wait --commit nothing --timeout 0
expect_exit 5
expect_output "'nothing' is no commit that the agent has seen"
headgate wait --commit "$commit" --target stock
expect_exit 64
headgate wait --commit "$commit" --migrations prisma/migrations
expect_exit 64
headgate wait
expect_exit 64
expect_output "--migrations or --commit"
headgate wait --commit "$commit" --timeout 5
expect_exit 64
begins_to_wait "$behind" --target shop
has_waited
expect_exit 0
