# The cases of the interop matrix (matrix.sh): what the folder holds, what people do with it, and where Prisma's engine and
# Headgate are meant to differ. A reader might expect the rows to be written here, too: they are seen, and stand in
# docs/interop.md; here stands whether they are the same.
# shellcheck shell=bash
# shellcheck disable=SC2004,SC2016,SC2034,SC2154 # the backquotes are those of Markdown; the variables are those of lib.sh and matrix.sh

CASES=(plain failing own_transaction own_transaction_fails own_transaction_partly left_open enum_swap enum_value
	concurrently concurrently_more concurrently_partly edited missing late rolled_back brought_again held old_image
	resolved_applied_ours resolved_applied_theirs resolved_back_ours resolved_back_theirs legacy objects pending)

USERS='CREATE TABLE users (id bigint PRIMARY KEY, email text);'
ORDERS='CREATE TABLE orders (id bigint PRIMARY KEY, buyer bigint REFERENCES users);'

users() {
	migration 20260101000000_users "$USERS"
	commit_as alice "Add users" >/dev/null
}

last() { # NAME SQL [DOWN SQL]: the case's second migration
	migration "20260102000000_$1" "${@:2}"
	commit_as alice "Add $1" >/dev/null
}

case_plain() {
	begins plain "plain"
	users
	last orders "$ORDERS"$'\nCREATE INDEX orders_buyer ON orders (buyer);'
	brings
	ends none none ""
	reads
}

case_failing() {
	begins failing "the second statement fails"
	users
	last bad $'CREATE TABLE part (id int);\nALTER TABLE missing ADD COLUMN x int;'
	brings
	brings
	ends rows 'rows; only Prisma has table `part`' "Prisma blocks until somebody resolves it; Headgate undid all of it, and goes on once the file is corrected"
	reads
}

case_own_transaction() {
	begins own "its own BEGIN and COMMIT"
	users
	last orders $'BEGIN;\nCREATE TABLE orders (id bigint);\nCOMMIT;\nBEGIN;\nCREATE TABLE items (id bigint);\nCOMMIT;'
	brings
	ends none none ""
	reads
}

case_own_transaction_fails() {
	begins ownfails "its own BEGIN, and an error before COMMIT"
	users
	last bad $'BEGIN;\nCREATE TABLE part (id int);\nALTER TABLE missing ADD COLUMN x int;\nCOMMIT;'
	brings
	brings
	ends rows rows "Prisma's session stays in the failed transaction, so that its log is lost, too"
	reads
}

case_own_transaction_partly() {
	begins ownpartly "an error after its own COMMIT"
	users
	last bad $'BEGIN;\nCREATE TABLE part (id int);\nCOMMIT;\nALTER TABLE missing ADD COLUMN x int;'
	brings
	brings
	ends none none "A part took effect, so a person is asked, as by Prisma"
	reads
}

case_left_open() {
	begins leftopen "BEGIN without COMMIT"
	users
	last bad $'BEGIN;\nCREATE TABLE part (id int);'
	brings
	brings
	ends rows rows "Prisma calls it a success, and blocks at the next deploy; Headgate says at once that nothing stayed"
	reads
}

case_enum_swap() {
	begins enumswap "an enum loses a value, as Prisma writes it"
	migration 20260101000000_users $'CREATE TYPE "Role" AS ENUM (\'USER\', \'ADMIN\', \'GUEST\');\nCREATE TABLE "User" (id int PRIMARY KEY, role "Role" NOT NULL DEFAULT \'USER\');'
	commit_as alice "Add users" >/dev/null
	last role '-- AlterEnum
BEGIN;
CREATE TYPE "Role_new" AS ENUM ('\''USER'\'', '\''ADMIN'\'');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TYPE "Role" RENAME TO "Role_old";
ALTER TYPE "Role_new" RENAME TO "Role";
DROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT '\''USER'\'';
COMMIT;'
	brings
	ends none none ""
	reads
}

case_enum_value() {
	begins enumvalue "a new value of an enum, used at once"
	migration 20260101000000_users $'CREATE TYPE "Role" AS ENUM (\'USER\');\nCREATE TABLE "User" (id int PRIMARY KEY, role "Role");'
	commit_as alice "Add users" >/dev/null
	last role $'ALTER TYPE "Role" ADD VALUE \'ADMIN\';\nALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT \'ADMIN\';'
	brings
	ends 'rows; only Headgate has default of `role`' none "A new value cannot be used in the transaction that made it; Headgate sends the statements one by one"
	reads
}

case_concurrently() {
	begins concurrently "CREATE INDEX CONCURRENTLY alone"
	users
	last index 'CREATE INDEX CONCURRENTLY users_email ON users (email);'
	brings
	ends none none ""
	reads
}

case_concurrently_more() {
	begins concmore "CREATE INDEX CONCURRENTLY among others"
	users
	last index $'CREATE INDEX CONCURRENTLY users_email ON users (email);\nCREATE TABLE orders (id int);'
	brings
	ends 'rows; only Headgate has index `users_email`, table `orders`' none "It cannot run in the transaction that one query is; Headgate sends the statements one by one"
	reads
}

case_concurrently_partly() {
	begins concpartly "CREATE INDEX CONCURRENTLY, then an error"
	users
	last index $'CREATE INDEX CONCURRENTLY users_email ON users (email);\nALTER TABLE missing ADD COLUMN x int;'
	brings
	brings
	ends 'only Headgate has index `users_email`' none "A part took effect, so a person is asked; one query would have undone it"
	reads
}

case_edited() {
	begins edited "edited after it was applied"
	users
	brings
	migration 20260101000000_users "$USERS -- edited"
	commit_as alice "Edit users" >/dev/null
	brings
	ends none none "Prisma does not look; Headgate refuses until it is put back or accepted"
	reads
}

case_missing() {
	begins missing "its folder is gone, and there is no \`down.sql\`"
	users
	last orders "$ORDERS"
	brings
	git -C "$work" rm -rq prisma/migrations/20260102000000_orders
	commit_as alice "Lose orders" >/dev/null
	brings
	ends none none "Prisma does not look; for Headgate it is a rollback that cannot run"
	reads
}

case_late() {
	begins late "older than the newest applied one"
	migration 20260103000000_items 'CREATE TABLE items (id int);'
	users
	brings
	last orders "$ORDERS"
	brings
	ends none none ""
	reads
}

given_deployed_orders() { # NAME TITLE: with a way back
	begins "$1" "$2"
	users
	last orders "$ORDERS" 'DROP TABLE orders;'
	brings
}

case_rolled_back() {
	given_deployed_orders reverted "reverted, with a \`down.sql\`"
	revert_as alice "$commit" >/dev/null
	brings
	ends 'rows; only Prisma has table `orders`' 'rows; only Prisma has table `orders`' "Prisma has no way back"
	reads
}

case_brought_again() {
	given_deployed_orders again "reverted, and the revert reverted"
	revert_as alice "$commit" >/dev/null
	brings
	revert_as alice "$commit" >/dev/null
	brings
	ends rows rows "One row for each time"
	reads
}

case_held() {
	given_deployed_orders unheld "rolled back by hand, then \`headgate unhold\`"
	headgate rollback --target "$target" 20260102000000_orders
	expect_exit 0
	headgate unhold --target "$target" 20260102000000_orders
	expect_exit 0
	brings
	ends rows rows "One row for each time"
	reads
}

case_old_image() {
	given_deployed_orders oldimage "rolled back by hand, its folder kept"
	headgate rollback --target "$target" 20260102000000_orders
	expect_exit 0
	brings
	ends 'rows; only Prisma has table `orders`' 'rows; only Prisma has table `orders`' "It is held; see below what Prisma makes of it"
	reads
	headgate reconcile --target "$target"
	expect_exit 3
	expect_output "W014"
	expect_output "was applied by another program while it was held"
}

given_open_row() { # NAME TITLE: the same in all three, but for what a whole file's transaction undid
	begins "$1" "$2"
	users
	last index $'CREATE INDEX CONCURRENTLY users_email ON users (email);\nALTER TABLE missing ADD COLUMN x int;'
	brings
}

resolved_applied() { # ours|theirs NAME TITLE
	given_open_row "$2" "$3"
	resolves "$1" applied 20260102000000_index 'CREATE INDEX IF NOT EXISTS users_email ON users (email);'
	brings
	ends none none "Headgate's last pass reports its run as a whole"
	reads
}

resolved_back() { # ours|theirs NAME TITLE
	given_open_row "$2" "$3"
	resolves "$1" rolled-back 20260102000000_index 'DROP INDEX IF EXISTS users_email;'
	last index 'CREATE INDEX users_email ON users (email);'
	brings
	ends none none ""
	reads
}

case_resolved_applied_ours() {
	resolved_applied ours applied-ours "failed partly, finished by hand, resolved by Headgate"
}

case_resolved_applied_theirs() {
	resolved_applied theirs applied-theirs "failed partly, finished by hand, resolved by Prisma"
}

case_resolved_back_ours() {
	resolved_back ours back-ours "failed partly, taken back by hand, resolved by Headgate, corrected"
}

case_resolved_back_theirs() {
	resolved_back theirs back-theirs "failed partly, taken back by hand, resolved by Prisma, corrected"
}

case_legacy() {
	local mode
	begins legacy "a row from before, whose folder nobody has"
	migration 20251201000000_legacy 'CREATE TABLE legacy (id int);'
	for mode in session split; do
		asks_prisma "$mode" deploy
		answers[$mode]=$(said_by_prisma "$mode")
	done
	rm -r "$work/prisma/migrations/20251201000000_legacy"
	users
	brings
	ends 'rows; only Prisma has table `legacy`' 'rows; only Prisma has table `legacy`' "Only Prisma was there before"
	reads
}

case_objects() {
	local mode
	begins objects "objects but no ledger: what is there is told"
	users
	last orders "$ORDERS"
	push
	for mode in headgate session split; do
		sql "$USERS" "$(target_in "$mode")"
	done
	for mode in session split; do
		asks_prisma "$mode" deploy
		answers[$mode]="$(said_by_prisma "$mode"); \`prisma migrate resolve --applied\`"
		asks_prisma "$mode" applied 20260101000000_users
	done
	headgate baseline --target "$target" --output json HEAD
	answers[headgate]="$(refusal); \`headgate baseline --applied-up-to\`"
	headgate baseline --target "$target" --applied-up-to 20260101000000_users HEAD
	expect_exit 0
	brings
	ends none none ""
	reads
}

case_pending() { # for the command line of Prisma 7
	begins names "names"
	users
	brings
	last orders "$ORDERS" 'DROP TABLE orders;'
	migration 20251231000000_items 'CREATE TABLE items (id int);'
	commit_as alice "Add items, late" >/dev/null
	push
	names_state late "two merged and not applied yet, one of them late"
	brings
	headgate rollback --target "$target" 20260102000000_orders
	names_state held "rolled back by hand"
	git -C "$work" rm -rq prisma/migrations/20260102000000_orders
	commit_as alice "Orders go away" >/dev/null
	brings
	names_state gone "its folder gone as well"
	migration 20260103000000_bad 'ALTER TABLE missing ADD COLUMN x int;'
	commit_as alice "A mistake" >/dev/null
	brings
	names_state failed "the next one failed under Headgate"
	asks_prisma headgate deploy
	names_state open "… and then under Prisma"
}
