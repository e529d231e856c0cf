#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "SIGHUP reads the configuration again; a broken one leaves the old in force; the service manager hears of it"

given_repository
given_database
given_strict_policy
given_config policy=policies/strict.yaml
given_setting "interval: 1s"
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push

# A service manager that only listens.
export NOTIFY_SOCKET=$scratch/notify
python=$(command -v python3 || true)
if [[ -n $python ]]; then
	"$python" -c '
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode(), flush=True)
' "$NOTIFY_SOCKET" >"$scratch/notified" &
	listener=$!
	stop_listener() { kill "$listener" 2>/dev/null || true; }
	closers+=(stop_listener)
	wait_until 5 "the listener" test -S "$NOTIFY_SOCKET"
fi
says() { grep -q "$1" "$scratch/agent.log"; }
heard() { [[ -z $python ]] || grep -q "$1" "$scratch/notified"; }
export WATCHDOG_USEC=2000000
agent_starts
unset WATCHDOG_USEC NOTIFY_SOCKET
wait_until 5 "ready" heard "READY=1"
wait_until 5 "a sign of life" heard "WATCHDOG=1"
has() { [[ $(sql "SELECT to_regclass('users') IS NOT NULL" "$1") == t ]]; }
wait_until 15 "the first target's table" has shop

# One more target.
given_database other
given_target other policy=policies/strict.yaml
baseline "$(git -C "$work" rev-parse HEAD~1)" other
kill -HUP "$agent"
wait_until 5 "the reload" says "event=agent_reloaded.*2 targets"
wait_until 5 "the manager to hear of it" heard "RELOADING=1"
wait_until 15 "the other target's table" has other

# A broken file is refused, and the agent goes on with what it had.
cp "$config" "$scratch/good.yaml"
printf 'nonsense: true\n' >>"$config"
kill -HUP "$agent"
wait_until 5 "the refusal" says "event=reload_refused"
expect "the agent lives" yes "$(kill -0 "$agent" && echo yes)"
cp "$scratch/good.yaml" "$config"
migration 20260102000000_orders 'CREATE TABLE orders (id bigint PRIMARY KEY);'
commit_as alice "Add orders"
push
has_orders() { [[ $(sql "SELECT to_regclass('orders') IS NOT NULL" other) == t ]]; }
wait_until 20 "the next migration" has_orders

# Sent to all that have our name, it is for the agent alone: a child at work goes on.
migration 20260103000000_slow 'SELECT pg_sleep(3); CREATE TABLE slow (id bigint PRIMARY KEY);'
commit_as alice "Add a slow one"
push
is_slow() { [[ $(sql "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(3)%' AND datname = current_database() AND pid <> pg_backend_pid()") == 1 ]]; }
wait_until 20 "the slow migration" is_slow
pkill -HUP -P "$agent"
has_slow() { [[ $(sql "SELECT to_regclass('slow') IS NOT NULL") == t ]]; }
wait_until 20 "its table" has_slow
expect "ended by a signal" 0 "$(sql "SELECT count(*) FROM _prisma_migrations WHERE rolled_back_at IS NOT NULL OR finished_at IS NULL")"
agent_stops
expect_exit 0
expect "the manager heard of the end" yes "$(heard "STOPPING=1" && echo yes)"

# One agent with one state folder.
agent_starts
headgate run
expect_exit 5
expect_output "another headgate run"
headgate --output json --target shop unhold nothing
expect_exit 3
expect_json '.code == "W026" and (.next | length > 0)'
agent_stops
