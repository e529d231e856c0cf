#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "the examples do what they say: an application starts only when the database has the migrations of its image"

examples=$source_root/deploy/examples
image=$scratch/image/app # what stands in the image as /app

example() { # FILE FILTER: what jq finds in an example
	"${HEADGATE_BINARY_DIR:-$source_root/build/debug}/tests/tools/yaml_json" "$examples/$1" | jq -cer "$2"
}

command_of() { # FILE FILTER: the words of a command into the array `words`
	mapfile -t words < <(example "$1" "$2 | .[]")
}

migrations_applied() { # compose's service of that name: the command of the example, in the image's folder, with its one variable
	command_of compose.wait.yaml '.services["migrations-applied"].command'
	(
		cd "$image"
		exec env -i DATABASE_URL="$database_url" setpriv --pdeathsig KILL "$headgate_binary" "${words[@]:1}"
	) >"$scratch/waited" 2>"$scratch/waiting" </dev/null
}

application() { # the example's other service; here it needs the newest table
	sql "SELECT count(*) FROM orders"
}

compose_up() { # as compose does with service_completed_successfully; writes down how it went
	if migrations_applied; then
		application >"$scratch/answer" 2>&1 && printf 'started\n' >"$scratch/up"
	else
		printf 'not started: migrations-applied exited with %s\n' $? >"$scratch/up"
	fi
}

says() { # FRAGMENT: the waiting service, wherever its lines are broken
	tr -s ' \n' '  ' <"$scratch/waiting" | grep -qF -- "$1"
}

# What the logic below rests on, and what the files promise.
expect "the condition" service_completed_successfully \
	"$(example compose.wait.yaml '.services.application.depends_on["migrations-applied"].condition')"
expect "the waiting service runs once" no "$(example compose.wait.yaml '.services["migrations-applied"].restart')"
expect "both services use one image" true \
	"$(example compose.wait.yaml '.services | .application.image == .["migrations-applied"].image')"
expect "both services have one database" true \
	"$(example compose.wait.yaml '.services | (.application.environment.DATABASE_URL | length > 0) and .application.environment == .["migrations-applied"].environment')"
kubernetes=.spec.template.spec
expect "what it is" "apps/v1 Deployment" "$(example kubernetes-init-container.yaml '.apiVersion + " " + .kind')"
expect "the init container has the application's image and variable" true \
	"$(example kubernetes-init-container.yaml "$kubernetes | .initContainers[0].image == .containers[0].image
		and .initContainers[0].env == .containers[0].env and .containers[0].env[0].name == \"DATABASE_URL\"")"
expect "its labels meet its selector" true \
	"$(example kubernetes-init-container.yaml '.spec | .selector.matchLabels == .template.metadata.labels')"
expect "the rollout has more time than the wait" true \
	"$(example kubernetes-init-container.yaml '.spec.progressDeadlineSeconds | tonumber > 15 * 60')"
for place in "compose.wait.yaml .services[\"migrations-applied\"].command" \
	"kubernetes-init-container.yaml $kubernetes.initContainers[0].command"; do
	command_of "${place%% *}" "${place#* }"
	expect "the program" headgate "${words[0]}"
	DATABASE_URL=postgresql://shop@127.0.0.1:1/shop headgate "${words[@]:1}" --help
	expect_exit 0
	mkdir -p "$image/prisma/migrations"
	exit_code=0 last_command="${words[*]}"
	printf 'provider = "postgresql"\n' >"$image/prisma/migrations/migration_lock.toml"
	(cd "$image" && DATABASE_URL=postgresql://shop@127.0.0.1:1/shop "$headgate_binary" "${words[@]:1}" --timeout 0 >"$scratch/out" 2>"$scratch/err") || exit_code=$?
	expect_exit 5
	expect_output "D001"
done

given_repository
given_database
given_config
baseline
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "Add users"
push
reconcile
expect_exit 0

# The next release is built and started before the agent has looked at the branch.
migration 20260102000000_orders 'CREATE TABLE orders AS SELECT generate_series(1, 3) AS id; SELECT pg_sleep(1);'
commit_as alice "Add orders"
push
cp -r "$work/prisma" "$image/"
(
	trap - ERR EXIT INT TERM HUP
	compose_up
) &
up=$!
wait_until 10 "it says what lacks" says "for 1 of 2 migrations: 20260102000000_orders"
expect "the application is not there yet" no "$(test -e "$scratch/up" && echo yes || echo no)"
expect_no_table orders
reconcile
expect_exit 0
wait "$up"
expect "how it went" started "$(<"$scratch/up")"
expect "what the application found" 3 "$(<"$scratch/answer")"
expect "the last word" "database has all 2 migrations" "$(<"$scratch/waited")"

# The same release once more: it starts at once. One whose file was edited does not start at all.
compose_up
expect "how it went" started "$(<"$scratch/up")"
printf 'CREATE TABLE orders (id int);\n' >"$image/prisma/migrations/20260102000000_orders/migration.sql"
compose_up
expect "how it went" "not started: migrations-applied exited with 6" "$(<"$scratch/up")"
