#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "OpenPGP keys are taken over from a file: looked at by gpg, shown, written into one file a person, and they sign"

GNUPGHOME=$scratch/gnupg
export GNUPGHOME
mkdir -m 700 "$GNUPGHOME"
closers+=(gpg_ends)
gpg_ends() { gpgconf --kill all; }
gpg_key() { # PERSON [ALGORITHM [USAGE [EXPIRES]]]
	gpg --batch --quiet --passphrase '' --quick-gen-key "$1@example.org" "${2:-ed25519}" "${3:-sign}" "${4:-never}" 2>/dev/null
}
fingerprint_of() { # PERSON
	gpg --batch --with-colons --no-auto-check-trustdb --list-keys "=$1@example.org" 2>/dev/null | awk -F: '$1 == "fpr" { print $10; exit }'
}
exported() { gpg --batch --armor --export "$@"; }
folder_is() { # WHAT SUM: of all that lies in the folder
	expect "$1" "$2" "$(folder_sum)"
}
folder_sum() {
	[[ ! -d $keys/openpgp ]] || find "$keys/openpgp" -type f -exec sha256sum {} + | sort
}
expect_refused() { # EXIT FRAGMENT…: and nothing is written
	expect_exit "$1"
	shift
	for fragment in "$@"; do
		expect_output "$fragment"
	done
	folder_is "the folder, untouched" "$before"
}

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
baseline
gpg_key carol ed25519 sign 2098-12-31
gpg_key eve rsa3072
exported carol@example.org >"$scratch/carol.asc"
before=$(folder_sum)

# --- where it is to be written is not configured ---
headgate keys import --openpgp "$scratch/carol.asc" --principal carol@example.org
expect_exit 64
expect_output "keys: {openpgp: keys/openpgp}"
given_setting_in keys "openpgp: keys/openpgp"

# --- shown, written, known; the folder is made ---
headgate keys import --openpgp "$scratch/carol.asc" --principal carol@example.org
expect_refused 0 "would add ed25519 $(fingerprint_of carol) (carol@example.org)" "until 2098-12-31" "type the same command with --write" \
	"gpg --fingerprint"
headgate keys import --openpgp "$scratch/carol.asc" --principal carol@example.org --output json
expect_json ".written == false and (.file | endswith(\"keys/openpgp/carol@example.org.asc\"))
	and .keys[0].fate == \"changes\" and .keys[0].kind == \"ed25519\" and .keys[0].fingerprint == \"$(fingerprint_of carol)\""
headgate keys import --openpgp "$scratch/carol.asc" --principal carol@example.org --write
expect_exit 0
expect_output "did add"
expect "the mode of the file" 644 "$(stat -c %a "$keys/openpgp/carol@example.org.asc")"
expect "its first line" "fingerprint: $(fingerprint_of carol)" "$(head -n 1 "$keys/openpgp/carol@example.org.asc")"
headgate keys list --output json
expect_json "any(.[]; .principal == \"carol@example.org\" and .kind == \"ed25519\" and .fingerprint == \"$(fingerprint_of carol)\"
	and .state == \"valid\" and (.valid_before | startswith(\"2098-12-31\")) and (.file | endswith(\"carol@example.org.asc\")))"
headgate keys list
expect_output "carol@example.org ed25519 $(fingerprint_of carol)"
before=$(folder_sum)
headgate keys import --openpgp "$scratch/carol.asc" --principal carol@example.org --write
expect_refused 0 "has it already"

# --- what was taken over signs ---
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
git_as carol add -A
git_as carol -c gpg.format=openpgp -c "user.signingKey=$(fingerprint_of carol)" commit -q -S -m "Add users"
remember_commit
push
reconcile
expect_exit 0
expect_table users

# --- what cannot be taken over ---
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --armor --export-secret-keys eve@example.org >"$scratch/secret.asc"
headgate keys import --openpgp "$scratch/secret.asc" --principal eve@example.org --write
expect_refused 1 "F008" "it is a private key"
exported eve@example.org | sed 's/PUBLIC KEY/PUBLIC  KEY/' >"$scratch/odd.asc"
headgate keys import --openpgp "$scratch/odd.asc" --principal eve@example.org --write
expect_refused 1 "F008" "line 1"
gpg --batch --export eve@example.org >"$scratch/binary.asc"
headgate keys import --openpgp "$scratch/binary.asc" --principal eve@example.org --write
expect_refused 1 "F008" "gpg --armor --export"
printf -- '-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----\n' >"$scratch/rubbish.asc"
headgate keys import --openpgp "$scratch/rubbish.asc" --principal eve@example.org --write
expect_refused 1 "F008" "gpg finds no key in it"
headgate keys import --openpgp "$scratch/nothing.asc" --principal eve@example.org --write
expect_refused 1 "No such file"
headgate keys import --openpgp "$scratch/carol.asc" --principal eve@example.org --write
expect_refused 1 "F008" "stands in '" "too"
gpg_key weak rsa1024
gpg_key coder rsa2048 encr
gpg_key gone
for name in weak coder; do
	exported "$name@example.org" >"$scratch/$name.asc"
done
sed 's/^:-----BEGIN/-----BEGIN/' "$GNUPGHOME/openpgp-revocs.d/$(fingerprint_of gone).rev" | gpg --batch --quiet --import 2>/dev/null
exported gone@example.org >"$scratch/gone.asc"
headgate keys import --openpgp "$scratch/weak.asc" --principal eve@example.org --write
expect_refused 1 "F008" "too weak"
headgate keys import --openpgp "$scratch/coder.asc" --principal eve@example.org --write
expect_refused 1 "F008" "no key that may sign"
headgate keys import --openpgp "$scratch/gone.asc" --principal eve@example.org --write
expect_refused 1 "F008" "it is revoked"
exported eve@example.org >"$scratch/eve.asc"
for name in '../eve' '.eve' 'a b' '*@example.org' ''; do
	headgate keys import --openpgp "$scratch/eve.asc" --principal "$name" --write
	expect_refused 64 "is no name for a person"
done
headgate keys import --openpgp "$scratch/eve.asc" --ssh "$keys/bob.pub" --principal eve@example.org --write
expect_refused 64 "--openpgp FILE"
headgate keys import --openpgp "$scratch/eve.asc" --principal eve@example.org --valid-before 2098-01-01 --write
expect_refused 64 "--valid-before"

# --- several primary keys: only when the file states them ---
gpg_key laptop
exported eve@example.org laptop@example.org >"$scratch/two.asc"
headgate keys import --openpgp "$scratch/two.asc" --principal eve@example.org --write
expect_refused 1 "F008" "it holds 2 primary keys and states none" "$(fingerprint_of laptop)"
headgate keys import --openpgp "$scratch/eve.asc" --principal eve@example.org --write
expect_exit 0
{
	printf 'fingerprint: %s\n' "$(fingerprint_of eve)" "$(fingerprint_of laptop)"
	cat "$scratch/two.asc"
} >"$scratch/stated.asc"
headgate keys import --openpgp "$scratch/stated.asc" --principal eve@example.org --write
expect_exit 0
expect_output "rsa3072 $(fingerprint_of eve)"
expect_output "ed25519 $(fingerprint_of laptop)"
headgate keys list --output json
expect_json '[.[] | select(.principal == "eve@example.org")] | length == 2'

# --- a key that stands there is not lost unseen; the same key, with a new end, is taken ---
before=$(folder_sum)
headgate keys import --openpgp "$scratch/eve.asc" --principal eve@example.org --write
expect_refused 1 "F008" "holds the key $(fingerprint_of laptop)"
gpg --batch --quiet --quick-set-expire "$(fingerprint_of carol)" 2099-12-31 2>/dev/null
exported carol@example.org >"$scratch/carol.asc"
headgate keys import --openpgp "$scratch/carol.asc" --principal carol@example.org --write
expect_exit 0
expect_output "until 2099-12-31"
headgate keys list --output json
expect_json 'any(.[]; .principal == "carol@example.org" and (.valid_before | startswith("2099-12-31")))'

# --- a folder that has problems is not added to ---
chmod o+w "$keys/openpgp/eve@example.org.asc"
before=$(folder_sum)
headgate keys import --openpgp "$scratch/gone.asc" --principal mallory@example.org --write
expect_refused 6 "chmod go-w"
chmod o-w "$keys/openpgp/eve@example.org.asc"
expect "what gpg's private homes left" "" "$(find "$scratch/state/scratch" -mindepth 1)"
