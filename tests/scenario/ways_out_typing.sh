#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "what was mistyped, misplaced or not installed: the message leads to what was meant"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

headgate recocile
expect_exit 64
expect_output "U001" # way out: U001
follow_hint "reconcile"
expect_table users

sed -i 's/^    branch:/    brunch:/' "$config"
reconcile
expect_exit 64
expect_output "U002" # way out: U002
expect_output "Did you mean 'branch'?"
sed -i 's/^    brunch:/    branch:/' "$config"
gets_out

mv "$config" "$config.moved"
reconcile
expect_exit 64
expect_output "U003" # way out: U003
expect_output "Name it with --config FILE"
config=$config.moved
gets_out
config=${config%.moved}
mv "$config.moved" "$config"

headgate reconcile --target shoo
expect_exit 64
expect_output "U004" # way out: U004
expect_output "Did you mean 'shop'?"
gets_out

headgate history 4711
expect_exit 64
expect_output "U005" # way out: U005
headgate history
expect_exit 0

headgate baseline --target shop 0123456789
expect_exit 64
expect_output "U006" # way out: U006
expect_output "git log"
baseline "$(git -C "$work" log --format=%h -n 1 main)"
gets_out

given_config policy=policies/strict.yaml database_url="mysql://root@127.0.0.1/shop"
reconcile
expect_exit 64
expect_output "D003" # way out: D003
expect_output "postgresql://user:password@host:5432/database"
given_config policy=policies/strict.yaml
gets_out

# Files of this machine.
given_config policy=policies/strict.yaml database_url= database_url_file=shop.url
reconcile
expect_exit 1
expect_output "F001" # way out: F001
expect_output "shop.url"
printf '%s\n' "$database_url" >"$scratch/shop.url"
chmod 600 "$scratch/shop.url"
gets_out
chmod 644 "$scratch/shop.url"
reconcile
expect_exit 1
expect_output "F003"
follow_shell chmod
gets_out
head -c 2000000 /dev/zero | tr '\0' '#' >>"$scratch/policies/strict.yaml"
reconcile
expect_output "F002" # way out: F002
given_strict_policy
gets_out

# A commit that was left behind: it failed, and a person said that the branch is to be trusted from another one on.
given_config policy=policies/strict.yaml
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY); SELECT 1 / 0;'
commit_as alice "Add orders"
failed=$commit
push
reconcile
expect_exit 1
git -C "$work" reset -q --hard HEAD~1
push --force
baseline "$(git -C "$work" rev-parse HEAD)"
headgate wait --commit "$failed"
expect_exit 1
expect_output "T005" # way out: T005
follow_hint "history"
gets_out
