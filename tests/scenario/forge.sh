# given_forge: a GitHub of our own (tests/tools/forge_stub) for the scenario's statuses. Call it after given_config; then
# every target reports to it, too, when its forges say so. It answers as forge_says tells it to.
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch is lib.sh's

forge_folder="" forge_process="" forge_port=""

given_forge() {
	local stub=${HEADGATE_BINARY_DIR:-$source_root/build/debug}/tests/tools/forge_stub
	forge_folder=$scratch/forge
	mkdir -p "$forge_folder" "$scratch/secrets"
	: >"$forge_folder/control"
	printf 'github-token\n' >"$scratch/secrets/github"
	chmod 600 "$scratch/secrets/github"
	setpriv --pdeathsig TERM "$stub" --port-file "$forge_folder/port" --log "$forge_folder/log" \
		--control "$forge_folder/control" --pulls "$forge_folder/pulls" --token github-token >"$forge_folder/output" 2>&1 </dev/null &
	forge_process=$!
	closers+=(forge_ends)
	wait_until 10 "the forge to listen" test -s "$forge_folder/port"
	forge_port=$(<"$forge_folder/port")
	given_setting "github:" "  api: http://127.0.0.1:$forge_port" "  repository: acme/shop" "  token_file: secrets/github"
}

forge_says() { # MODE…: a word of tests/tools/forge_stub.c such as "down" or "limit 2"; nothing: it behaves
	printf '%s\n' "$*" >"$forge_folder/control"
}

forge_has_pull() { # COMMIT NUMBER: the commit came by this pull request
	printf '%s %s merged %s\n' "$1" "$2" "$1" >>"$forge_folder/pulls"
}

forge_was_asked() { # COMMIT: how often for its pull requests
	jq -r --arg path "/repos/acme/shop/commits/$1/pulls" 'select(.path == $path) | .answer' "$forge_folder/log" | wc -l
}

forge_statuses() { # COMMIT: what it has stored, in order, one "state description" a line
	jq -r --arg commit "$1" 'select(.answer == 201 and .sha == $commit) | .state + " " + .description' "$forge_folder/log"
}

forge_ends() {
	kill -TERM "$forge_process" 2>/dev/null || true
	wait "$forge_process" 2>/dev/null || true
}
