#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/sessions.sh"
if [[ -z ${HEADGATE_OWN_MOUNTS:-} ]]; then # the small disk is gone with this process, however it ends
	if ((EUID != 0)) || ! unshare --mount true 2>/dev/null; then
		echo "only root can make a small disk; skipped"
		exit 77
	fi
	HEADGATE_OWN_MOUNTS=1 exec unshare --mount bash "$0"
fi
scenario "a disk that has no room for the backup: nothing is applied, no piece of a backup stays, and it goes on when there is room"

given_repository
given_database
given_config policy=policies/staging.yaml
baseline
mkdir -m 700 "$scratch/backups"
mount -t tmpfs -o size=20m,mode=700 small "$scratch/backups" 2>/dev/null || {
	echo "no small disk can be mounted here; skipped"
	exit 77
}
closers+=(unmount)
unmount() { umount "$scratch/backups"; }
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

# It is full from the start.
head -c 19000000 /dev/zero >"$scratch/backups/somebody-elses"
reconcile
expect_exit 3
expect_output "B002" # way out: B002
expect_output "headgate retry"
expect_no_table users
expect "what lies there" somebody-elses "$(ls -A "$scratch/backups")"
expect_status "$commit" failure "B002"
reconcile
expect_exit 3
expect_output "as before"

# It fills up while the backup is written.
sql "CREATE TABLE noise AS SELECT gen_random_uuid()::text || gen_random_uuid()::text AS word FROM generate_series(1, 10000)" >/dev/null
mount -o remount,size=100m "$scratch/backups"
rm "$scratch/backups/somebody-elses"
follow_hint "retry"
HEADGATE_FAULT=backup_started:stop pass_starts
wait_until 10 "the backup to have begun" grep -q '^State:.*T' "/proc/$pass/status"
head -c 200000000 /dev/zero >"$scratch/backups/somebody-elses" 2>/dev/null || true
kill -CONT "$pass"
pass_ends
expect_exit 3
expect_output "B002"
expect_no_table users
expect "what lies there" somebody-elses "$(ls -A "$scratch/backups")"

rm "$scratch/backups/somebody-elses"
sql "DROP TABLE noise"
headgate retry
reconcile
expect_exit 0
expect_table users
expect_status "$commit" success "applied 1 migration"
