# A second server beside the scenario's own (given_own_server): its standby, or another cluster.
# What a reader gets wrong: on_second_server turns the words of lib.sh to it; the first one may be down by then.
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch and database are lib.sh's

second_folder="" second_port=""
binaries=${HEADGATE_TEST_PGBIN:-/usr/lib/postgresql/15/bin}

as_server() { # PROGRAM…: as the server's user, who may not read every folder
	local -a user=()
	if ((EUID == 0)); then
		user=(--reuid postgres --regid postgres --init-groups)
	fi
	(cd /tmp && exec env -i PATH="$binaries:/usr/bin:/bin" LC_ALL=C.UTF-8 TZ=UTC setpriv "${user[@]}" "$@")
}

second_server() { # start | stop | promote, and waits until that is done
	as_server pg_ctl -D "$second_folder/data" -l "$second_folder/log" -m fast -w -s "$1" >/dev/null
}

standby_starts() { # a streaming standby of the first server
	second_place
	as_server pg_basebackup -h "$HEADGATE_TEST_PGHOST" -p "$HEADGATE_TEST_PGPORT" -U postgres -D "$second_folder/data" -R -X stream -c fast
	second_settings
	second_server start
}

third_server_starts() { # an empty cluster, so one with another system identifier
	second_place
	as_server initdb -D "$second_folder/data" -U postgres -A trust -E UTF8 --locale=C.UTF-8 --no-sync --no-instructions >/dev/null
	second_settings
	second_server start
}

standby_is_level() {
	[[ $(superuser_sql postgres "SELECT count(*) FROM pg_stat_replication WHERE replay_lsn >= pg_current_wal_lsn()") == 1 ]]
}

at_second() { # URL -> the same on the second server
	printf '%s@127.0.0.1:%s/%s' "${1%@*}" "$second_port" "${1#*@*/}"
}

on_second_server() {
	HEADGATE_TEST_PGHOST=$second_folder HEADGATE_TEST_PGPORT=$second_port
}

second_place() { # a folder, and a port below the range that the kernel hands out itself
	second_server_ends
	second_folder=$(mktemp -d /tmp/headgate-second-XXXXXX)
	if ((EUID == 0)); then
		chown postgres: "$second_folder"
	fi
	closers+=(second_server_ends)
	while second_port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000)) && (: <"/dev/tcp/127.0.0.1/$second_port") 2>/dev/null; do
		:
	done
}

second_settings() {
	as_server tee -a "$second_folder/data/postgresql.conf" >/dev/null <<-END
		listen_addresses = '127.0.0.1'
		unix_socket_directories = '$second_folder'
		port = $second_port
		fsync = off
		max_connections = 100
	END
	# pg_basebackup copies the first server's port with the settings of ALTER SYSTEM
	as_server sed -i '/^port/d' "$second_folder/data/postgresql.auto.conf"
}

second_server_ends() {
	if [[ -n $second_folder ]]; then
		as_server pg_ctl -D "$second_folder/data" -m immediate -w -s stop >/dev/null 2>&1 || true
		rm -rf "$second_folder"
		second_folder=""
	fi
}
