#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "keys are listed, checked, taken over, revoked and ended from the command line, and nothing is written unasked"

signers() { sha256sum <"$keys/allowed_signers"; }
fingerprint() { ssh-keygen -lf "$keys/$1.pub" | cut -d' ' -f2; }
expect_refused() { # EXIT FRAGMENT…: and the file is as it was
	expect_exit "$1"
	shift
	for fragment in "$@"; do
		expect_output "$fragment"
	done
	expect "the keyring file, untouched" "$before" "$(signers)"
}

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting_in keys "revoked: keys/revoked"
: >"$keys/revoked"
baseline

# --- list ---
headgate keys list
expect_exit 0
expect_output "alice@example.org ssh-ed25519 $(fingerprint alice)"
expect_output "allowed_signers:2"
headgate keys list --output json
expect_json 'length == 2 and .[0].principal == "alice@example.org" and .[0].state == "valid" and .[1].line == 2 and .[1].valid_before == null'

# --- explain trust: whom and what, for each target ---
given_target preview policy=policies/development.yaml database_url="\"$database_url-preview\""
headgate explain trust --output json
expect_exit 0
expect_json '.[0].trust == "all" and .[0].people == ["alice@example.org", "bob@example.org"] and .[1].trust == "branch" and .[1].people == []'
headgate explain trust --target shop
expect_exit 0
expect_output "people alice@example.org, bob@example.org"
expect_output "the commits of the buttons Merge"
headgate explain trust --target shopp
expect_exit 64
expect_output "Did you mean 'shop'?"
given_policy signed "$(printf '%s\n' "trust: signed" "threshold: 2")"
target_names=(shop)
given_target preview policy=policies/signed.yaml database_url="\"$database_url-preview\""
headgate explain trust --target preview
expect_exit 0
expect_output "2 people for each change"
target_names=(shop)
write_config

# --- list: who may what, for each target whose policy asks for signatures ---
headgate keys list --output json
expect_json 'all(.[]; .roles == [{"target": "shop", "role": null, "may": ["deploy", "rollback"], "paths": []}])'
given_policy roles "$(printf '%s\n' "trust: signed" "threshold: 1" "roles:" \
	"  - {name: release, persons: [alice@example.org]}" \
	"  - {name: billing, persons: [alice@example.org, carol@example.org], may: [deploy, override], paths: ['*_billing']}")"
given_target preview policy=policies/development.yaml database_url="\"$database_url-preview\""
given_target live policy=policies/roles.yaml database_url="\"$database_url-live\""
headgate keys list
expect_exit 0
expect_output "may shop: deploy, rollback live: deploy, rollback (release) live: deploy, override (billing, only *_billing) bob@example.org"
expect_output "live: none"
headgate keys list --output json
expect_json '.[0].roles | length == 3 and .[2] == {"target": "live", "role": "billing", "may": ["deploy", "override"], "paths": ["*_billing"]}'
expect_json '.[1].roles | length == 1'
target_names=(shop)
write_config

# --- check: every problem, each with its line and what to write instead ---
headgate keys check
expect_exit 0
expect_output "2 keys"
{
	printf '# the team\n%s\n' "$(head -n 1 "$keys/allowed_signers")"
	printf '*@example.org namespaces="git" %s\n' "$(cut -d' ' -f1,2 "$keys/bob.pub")"
	printf 'carol@example.org %s\n' "$(cut -d' ' -f1,2 "$keys/bob.pub")"
	printf 'dave@example.org namespaces="git",verify-required %s\n' "$(cut -d' ' -f1,2 "$keys/bob.pub")"
	printf 'erin@example.org namespaces="git" %s\n' "$(cut -d' ' -f1,2 "$keys/alice.pub")"
	printf 'frank@example.org namespaces="git" ssh-ed25519 AAAA\n'
} >"$scratch/signers"
chmod 666 "$scratch/signers"
config="" headgate keys check "$scratch/signers"
expect_exit 6
expect_output "file others than its owner may write it"
expect_output "chmod go-w"
expect_output "line 3 its principal '*@example.org' is a pattern"
expect_output "line 4 it has no namespaces=\"git\""
expect_output "mend Write: carol@example.org namespaces=\"git\" ssh-ed25519"
expect_output "line 5 it has an option, or a kind of key, that is not known or stands twice: 'verify-required'"
expect_output "line 6 its key stands already in line 2, for 'alice@example.org'"
expect_output "line 7 its key cannot be used"
config="" headgate keys check "$scratch/signers" --output json
expect_exit 6
expect_json '.[0] | .fine == false and .keys == 1 and ([.problems[].line] == [0, 3, 4, 5, 6, 7]) and all(.problems[]; .mend != null)'
config="" headgate keys check "$scratch/nothing"
expect_exit 6
expect_output "No such file"
printf 'SHA256:abc\n' >"$keys/revoked"
headgate keys check
expect_exit 6
expect_output "line 1 it holds no public key"
: >"$keys/revoked"

# --- import of a .pub file: shown, written, known ---
chmod 640 "$keys/allowed_signers"
truncate -s -1 "$keys/allowed_signers" # its last line has no newline, as an editor may leave it
before=$(signers)
headgate keys import --ssh "$keys/mallory.pub" --principal mallory@example.org --valid-before 2098-12-31
expect_refused 0 "would add ssh-ed25519 $(fingerprint mallory)" "type the same command with --write" \
	"mallory@example.org namespaces=\"git\",valid-before=\"20981231000000Z\" $(cut -d' ' -f1,2 "$keys/mallory.pub")"
headgate keys import --ssh "$keys/mallory.pub" --principal mallory@example.org --valid-before 2098-12-31 --write
expect_exit 0
expect_output "did add"
expect "the mode of the file" 640 "$(stat -c %a "$keys/allowed_signers")"
expect "its lines" 3 "$(wc -l <"$keys/allowed_signers")"
headgate keys list --output json
expect_json '.[2].principal == "mallory@example.org" and .[2].valid_before == "2098-12-31T00:00:00Z"'
before=$(signers)
headgate keys import --ssh "$keys/mallory.pub" --principal mallory@example.org --write
expect_refused 0 "line 3 has it already"
headgate keys import --ssh "$keys/mallory.pub" --principal eve@example.org --write
expect_refused 1 "F008" "gives it to 'mallory@example.org'"

# What cannot be taken over.
ssh-keygen -q -t rsa -b 1024 -N '' -f "$keys/weak"
headgate keys import --ssh "$keys/weak.pub" --principal eve@example.org --write
expect_refused 1 "RSA keys need 2048"
headgate keys import --ssh "$keys/weak" --principal eve@example.org --write
expect_refused 1 "it is a private key"
expect "no part of a private key is repeated" "" "$(grep -o 'b3BlbnNzaC' "$scratch/out" "$scratch/err" || true)"
ssh-keygen -q -t ecdsa -N '' -f "$keys/weak" <<<y >/dev/null
headgate keys import --ssh "$keys/weak" --principal eve@example.org
expect_output "F008" # way out: F008
headgate keys import --ssh "$(printed_next | grep -oE '/[^ ]*\.pub')" --principal eve@example.org
expect_refused 0 "would add ecdsa-sha2-nistp256"
for name in 'eve namespaces="git" x' '*@example.org' 'a,b' '"eve"' '#eve' $'eve\nmallory' ''; do
	headgate keys import --ssh "$keys/weak.pub" --principal "$name" --write
	expect_refused 64 "is no name for a person"
done
headgate keys import --ssh "$keys/weak.pub" --principal eve@example.org --valid-before 2020-01-01 --write
expect_refused 64 "is over"
headgate keys import --ssh "$keys/weak.pub" --principal eve@example.org --valid-before soon --write
expect_refused 64 "--valid-before 2026-12-31"
headgate keys import --ssh "$keys/weak.pub" --write
expect_refused 64 "--principal NAME"
headgate keys list --write
expect_refused 64 "does not take '--write'"
headgate keys improt
expect_refused 64 "Did you mean headgate keys import?"
for ((number = 0; number < 101; number++)); do printf '%s\n' "$(cut -d' ' -f1,2 "$keys/weak.pub")"; done >"$scratch/many.pub"
headgate keys import --ssh "$scratch/many.pub" --principal eve@example.org --write
expect_refused 1 "F002" "more than 100 keys"
head -c 70000 /dev/zero | tr '\0' '#' >"$scratch/large.pub"
headgate keys import --ssh "$scratch/large.pub" --principal eve@example.org --write
expect_refused 1 "F002" "larger than 64 KiB"

# --- import of what GitHub publishes: one key known, one new, one too weak, a title that would like to be a line ---
ssh-keygen -q -t ed25519 -N '' -f "$keys/laptop"
ssh-keygen -q -t rsa -b 1024 -N '' -f "$keys/old"
jq -n --arg known "$(cut -d' ' -f1,2 "$keys/bob.pub")" --arg new "$(cut -d' ' -f1,2 "$keys/laptop.pub")" --arg weak "$(cut -d' ' -f1,2 "$keys/old.pub")" '
	[{id: 1, key: $known, title: "desk", created_at: "2026-01-01T00:00:00.000Z"},
	 {id: 2, key: $new, title: "laptop\neve@example.org namespaces=\"git\" x\u001b[31m", created_at: "2026-01-02T00:00:00.000Z"},
	 {id: 3, key: $weak, title: "old", created_at: "2020-01-02T00:00:00.000Z"}]' >"$scratch/github.json"
headgate keys import --github-json "$scratch/github.json" --principal bob@example.org
expect_refused 0 "as it is ssh-ed25519 $(fingerprint bob) (desk): line 2 has it already" "would add ssh-ed25519 $(fingerprint laptop)" \
	"left out ssh-rsa (old): RSA keys need 2048"
headgate keys import --github-json "$scratch/github.json" --principal bob@example.org --output json
expect_json '.written == false and [.keys[].fate] == ["stays", "changes", "refused"]'
headgate keys import --github-json "$scratch/github.json" --principal bob@example.org --write
expect_exit 0
expect "the added line" "bob@example.org namespaces=\"git\" $(cut -d' ' -f1,2 "$keys/laptop.pub")" "$(tail -n 1 "$keys/allowed_signers")"
expect "its lines" 4 "$(wc -l <"$keys/allowed_signers")"
before=$(signers)
for answer in '{"message": "Not Found", "status": "404"}' '[]' '[{"id": 1}]' '[1]' '{"a": 1}' 'no json' '[{"key": "ssh-ed25519 !"}]' \
	'[{"key": "x\ny"}]' '[{"key": 7}]'; do
	printf '%s' "$answer" >"$scratch/answer.json"
	headgate keys import --github-json "$scratch/answer.json" --principal bob@example.org --write
	expect_refused 1 "F008"
done

# A file that may not be written stays as it is.
if ((EUID == 0)); then
	chmod 755 "$scratch" "$keys"
	chmod 644 "$keys/allowed_signers"
	program=(setpriv --reuid 65534 --regid 65534 --clear-groups "$headgate_binary")
else
	chmod 444 "$keys/allowed_signers"
	program=("$headgate_binary")
fi
exit_code=0 last_command="headgate keys import into a file that may not be written"
install -m 755 "$headgate_binary" "$scratch/headgate"
"${program[@]/#$headgate_binary/$scratch/headgate}" --config "$config" keys import --ssh "$keys/weak.pub" --principal eve@example.org --write >"$scratch/out" 2>"$scratch/err" || exit_code=$?
expect_refused 1 "F001" "Permission denied"
chmod 640 "$keys/allowed_signers"

# --- what was taken over signs ---
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
git_as laptop add -A
git_as laptop commit -q -S -m "Add users"
remember_commit
push
reconcile
expect_exit 0
expect_table users

# --- expire: a leaver; what was seen before the end passes, what comes afterwards does not ---
before=$(signers)
headgate keys expire bob@example.org
expect_refused 64 "--on 2026-12-31"
headgate keys expire nobody@example.org --on 2020-01-01 --write
expect_refused 64 "nobody's key is" "headgate keys list"
headgate keys expire bob@example.org --on 2020-01-01
expect_refused 0 "would end ssh-ed25519 $(fingerprint bob)" "until 2020-01-01 00:00:00 UTC"
headgate keys expire bob@example.org --on 2020-01-01 --write
expect_exit 0
expect "the mode of the file" 640 "$(stat -c %a "$keys/allowed_signers")"
expect "lines with that end" 2 "$(grep -c '^bob@.*,valid-before="20200101000000Z" ssh-ed25519 ' "$keys/allowed_signers")"
headgate keys check
expect_exit 0
before=$(signers)
headgate keys expire bob@example.org --on 2030-01-01 --write
expect_refused 0 "it ends already at 2020-01-01"
headgate keys expire mallory@example.org --on 2030-01-01 --write
expect_exit 0
expect "an end in the place of another" "mallory@example.org namespaces=\"git\",valid-before=\"20300101000000Z\" $(cut -d' ' -f1,2 "$keys/mallory.pub")" \
	"$(grep ^mallory "$keys/allowed_signers")"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as bob "Add orders, too late"
push
reconcile
expect_exit 4
expect_output "V005"
follow_undo alice
gets_out

# --- revoke: by fingerprint and by person; what is pending is refused ---
migration 20260103000000_items 'CREATE TABLE items (id bigint PRIMARY KEY);'
commit_as mallory "Add items"
push
headgate plan
expect_exit 2
chmod 600 "$keys/revoked"
headgate keys revoke "$(fingerprint mallory)" --reason "laptop stolen"
expect_exit 0
expect_output "would revoke ssh-ed25519 $(fingerprint mallory)"
expect_output "headgate keys expire PERSON"
expect "nothing written" 0 "$(wc -c <"$keys/revoked")"
headgate keys revoke mallory@example.org --reason $'two\nlines' --write
expect_exit 64
headgate keys revoke mallory@example.org --reason "laptop stolen" --write
expect_exit 0
expect "the mode of the list" 600 "$(stat -c %a "$keys/revoked")"
expect "its line" "$(cut -d' ' -f1,2 "$keys/mallory.pub") mallory@example.org revoked $(date -u +%F): laptop stolen" "$(cat "$keys/revoked")"
reconcile
expect_exit 4
expect_output "V006"
expect_no_table items
headgate keys list
expect_output "revoked"
headgate keys revoke mallory@example.org --write
expect_exit 0
expect_output "it is revoked already"
expect "lines of the list" 1 "$(wc -l <"$keys/revoked")"
sed -i /^mallory/d "$keys/allowed_signers"
before=$(signers)
headgate keys import --ssh "$keys/mallory.pub" --principal mallory@example.org --write
expect_refused 1 "it is revoked"

# A KRL is ssh-keygen's: the line to type is printed, and does it.
ssh-keygen -q -k -f "$keys/revoked" "$keys/mallory.pub"
headgate keys check
expect_exit 0
expect_output "a KRL"
headgate keys revoke "$(fingerprint laptop)" --write
expect_exit 6
expect_output "it is a KRL"
eval "$(printed_next | grep -oE "echo '.*")" >/dev/null
headgate keys list --output json
expect_json '[.[] | select(.revoked) | .fingerprint] == ["'"$(fingerprint laptop)"'"]'

# --- without a list there is nothing to add to; without a keyring nothing to list ---
sed -i '/^  revoked:/d' "$config"
headgate keys revoke alice@example.org --write
expect_exit 64
expect_output "keys: {revoked: keys/revoked}"
rm "$keys/allowed_signers"
headgate keys list
expect_exit 6
headgate keys import --ssh "$keys/alice.pub" --principal alice@example.org --write
expect_exit 0
expect "a file that was made" 644 "$(stat -c %a "$keys/allowed_signers")"
headgate keys check
expect_exit 0
expect_output "1 key"
