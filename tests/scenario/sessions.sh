# Others who are at work in the same database while a pass is, and passes that stay in the background.
# A reader might expect one psql per statement: a session stays open, so it can hold a lock or a transaction.
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch, target and owner_of are lib.sh's
# shellcheck disable=SC2034 # exit_code and last_command are lib.sh's

declare -A session_process=() session_input=() session_asked=()
pass=""

session_opens() { # NAME [ROLE]: psql, by default as the target's owner; NAME is its application_name
	local input
	mkfifo "$scratch/session.$1"
	PGAPPNAME=$1 PGOPTIONS='-c client_min_messages=warning' psql -XAtq -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" \
		-U "${2:-${owner_of[$target]}}" -d "${database_of[$target]}" <"$scratch/session.$1" >"$scratch/session.$1.out" 2>&1 &
	session_process[$1]=$!
	exec {input}>"$scratch/session.$1"
	session_input[$1]=$input
	session_asked[$1]=0
	if ((${#session_process[@]} == 1)); then
		closers+=(sessions_end)
	fi
}

session_does() { # NAME STATEMENTS: comes back when they are done
	session_asks "$1" "$2"
	wait_until 20 "session '$1' to be done with: $2" session_is_idle "$1"
}

session_asks() { # NAME STATEMENTS: comes back at once
	session_asked[$1]=$((session_asked[$1] + 1))
	printf '%s\n\\echo done:%s\n' "$2" "${session_asked[$1]}" >&"${session_input[$1]}"
}

session_is_idle() { # NAME
	grep -qx "done:${session_asked[$1]}" "$scratch/session.$1.out"
}

session_ends() { # NAME: when it has done what it was asked for
	local input=${session_input[$1]}
	printf '\\q\n' >&"$input" || true
	exec {input}>&-
	wait "${session_process[$1]}" || true
	unset "session_process[$1]" "session_input[$1]"
	rm -f "$scratch/session.$1"
}

sessions_end() {
	local name
	for name in "${!session_process[@]}"; do
		kill -TERM "${session_process[$name]}" 2>/dev/null
		wait "${session_process[$name]}" 2>/dev/null
	done
}

pass_starts() { # [options of headgate reconcile]: in the background
	setpriv --pdeathsig KILL "$headgate_binary" --config "$config" reconcile --target "$target" "$@" \
		>"$scratch/pass.out" 2>"$scratch/pass.err" </dev/null &
	pass=$!
}

pass_ends() { # sets exit_code; what it printed counts as the last command's
	exit_code=0
	wait "$pass" || exit_code=$?
	last_command="headgate reconcile, in the background"
	cp "$scratch/pass.out" "$scratch/out"
	cp "$scratch/pass.err" "$scratch/err"
	say "$last_command: exit $exit_code"
	no_sanitizer_report "$scratch/err"
}

pass_is_in() { # FRAGMENT: the agent's session is at work on a statement that holds it
	[[ $(superuser_sql postgres "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'headgate/%'
		AND datname = '${database_of[$target]}' AND state = 'active' AND query LIKE '%${1//\'/\'\'}%'") != 0 ]]
}
