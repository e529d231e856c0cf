#!/usr/bin/env bash
# Every kind of key, on a commit and on a tag, by `headgate verify`, by git and by ssh-keygen: what we say of each, and
# that nobody else is stricter. tests/data/make-signed-repository makes the objects and says what is expected.
#   HEADGATE_BIN=build/debug/agent/headgate tests/contract/key_matrix.sh
# What a reader gets wrong: a row where git accepts and we do not must say why, and docs/security.md says it, too.
set -Eeuo pipefail
export LC_ALL=C.UTF-8
here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
headgate=${HEADGATE_BIN:-$here/../../build/debug/agent/headgate}
scratch=$(mktemp -d "${TMPDIR:-/tmp}/headgate-keys-XXXXXX")
trap 'rm -rf "$scratch"' EXIT
world=$scratch/world failures=0 rows=0

main() {
	HOME=$scratch "$here/../data/make-signed-repository" "$world"
	export HOME=$scratch GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=$scratch/gitconfig
	ask_headgate
	while IFS=$'\t' read -r name kind object verdict principal fingerprint format git why; do
		rows=$((rows + 1))
		printf -- '- %s, %s: %s; git %s%s\n' "$name" "$kind" "$verdict" "$git" "$([[ $why == - ]] || printf ', but %s' "$why")"
		compare_headgate
		compare_git
		[[ $format != ssh ]] || compare_ssh_keygen
	done <"$world/expectations.tsv"
	if ((rows < 40)); then
		wrong "at least 40 rows" "$rows"
	fi
	gpgconf --homedir "$world/gnupg" --kill all 2>/dev/null || true
	if ((failures)); then
		printf '%s of %s rows failed\n' "$failures" "$rows"
		exit 1
	fi
	printf 'passed, with %s rows\n' "$rows"
}

ask_headgate() { # about all at once; its exit says that some are refused
	local status=0
	mapfile -t objects < <(cut -f3 "$world/expectations.tsv")
	"$headgate" verify --repository "$world/repository" --allowed-signers "$world/allowed_signers" --revoked "$world/revoked" \
		--openpgp-keys "$world/openpgp" --output json "${objects[@]}" >"$scratch/answers" 2>"$scratch/errors" || status=$?
	if ((status != 4)); then
		cat "$scratch/errors"
		name=all kind=- wrong "exit 4, since some are refused" "$status"
		exit 1
	fi
}

compare_headgate() {
	local answer
	answer=$(jq -r --arg object "$object" 'select(.object == $object) |
		[.verdict, .principal // "-", .fingerprint // "-", .format] | @tsv' "$scratch/answers" | sort -u)
	[[ $answer == "$verdict"$'\t'"$principal"$'\t'"$fingerprint"$'\t'"$format" ]] ||
		wrong "$verdict $principal $fingerprint $format" "${answer//$'\t'/ }"
	if [[ $verdict != good ]]; then
		jq -es --arg object "$object" 'any(.[]; .object == $object and (.reasons | length > 0))' "$scratch/answers" >/dev/null ||
			wrong "a reason" "none"
	fi
}

compare_git() {
	local found=refuses
	if GNUPGHOME=$world/gnupg git -C "$world/repository" -c gpg.ssh.allowedSignersFile="$world/allowed_signers.git" \
		-c gpg.ssh.revocationFile="$world/revoked" "verify-$kind" "$object" >/dev/null 2>&1; then
		found=accepts
	fi
	[[ $found == "$git" ]] || wrong "git $git" "it $found"
	[[ $found == accepts || $verdict != good ]] || wrong "nothing that git refuses to be good" "it is"
	[[ $found == refuses || $verdict == good || $why != - ]] || wrong "a reason why we are stricter than git" "none"
}

# The signature alone, now: it must say the same, but for kinds of keys that do not count here.
compare_ssh_keygen() {
	local found=refuses wanted=refuses person
	case $verdict in
	good | unsupported) wanted=accepts ;;
	esac
	git -C "$world/repository" cat-file "$kind" "$object" >"$scratch/object"
	if [[ $kind == commit ]]; then
		sed '/^$/,$d; /^ \|^gpgsig /!d; s/^gpgsig //; s/^ //' "$scratch/object" >"$scratch/signature"
		awk 'body || !/^gpgsig / && !(skip && /^ /) { print } { skip = !body && (/^gpgsig / || skip && /^ /) } /^$/ { body = 1 }' \
			"$scratch/object" >"$scratch/payload"
	else
		sed -n '/^-----BEGIN SSH SIGNATURE/,$p' "$scratch/object" >"$scratch/signature"
		sed '/^-----BEGIN SSH SIGNATURE/,$d' "$scratch/object" >"$scratch/payload"
	fi
	person=$(ssh-keygen -Y find-principals -f "$world/allowed_signers.git" -s "$scratch/signature" 2>/dev/null | head -n 1 || true)
	if [[ -n $person ]] && ssh-keygen -Y verify -f "$world/allowed_signers.git" -I "$person" -n git -r "$world/revoked" \
		-s "$scratch/signature" <"$scratch/payload" >/dev/null 2>&1; then
		found=accepts
	fi
	[[ $found == "$wanted" ]] || wrong "ssh-keygen $wanted" "it $found"
	[[ $verdict != good || $person == "$principal" ]] || wrong "ssh-keygen to name $principal" "$person"
}

wrong() { # EXPECTED ACTUAL
	failures=$((failures + 1))
	printf 'FAILED: %s, %s\n  expected: %s\n  actual:   %s\n' "$name" "$kind" "$1" "$2"
}

main
