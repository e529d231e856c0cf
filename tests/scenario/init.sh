#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "init writes a configuration out of a project that the doctor accepts once the secret is there"

# A small project, as npx prisma init leaves it, with the signer's settings in git.
given_repository
given_database
mkdir -p "$work/prisma"
printf 'datasource db {\n  provider  = "postgresql"\n  url       = env("DATABASE_URL")\n  directUrl = env("DIRECT_URL")\n}\n' >"$work/prisma/schema.prisma"
printf 'DATABASE_URL="postgresql://shop:s3cret@pooler.example/shop?pgbouncer=true"\nDIRECT_URL="postgresql://shop:s3cret@db.example/shop"\n' >"$work/.env"
printf '.env\n' >"$work/.gitignore"
migration 20260101000000_users 'CREATE TABLE users (id bigint PRIMARY KEY);'
commit_as alice "A Prisma project"
push
git -C "$work" remote set-head origin main
git -C "$work" config user.signingKey "$keys/alice"
git -C "$work" config user.email alice@example.org
mkdir "$scratch/site"
cd "$scratch/site"

config=""
headgate init "$work" --output-file -
expect_exit 0
expect_output "mode: observe"
expect "files made by a look" "" "$(ls)"
headgate init "$work"
expect_exit 0
# shellcheck disable=SC2016 # it is to be typed as it stands
expect_output 'printf %s "${DIRECT_URL:?}"'
expect_output "export HEADGATE_CONFIG='$PWD/headgate.yaml'"
expect_output "headgate baseline --target work HEAD"
expect_output "DIRECT_URL, set in .env"
expect "secrets that were copied" 0 "$(cat headgate.yaml keys/* policies/* | grep -c s3cret || true)"
expect "the keyring" "alice@example.org namespaces=\"git\" $(cut -d' ' -f1,2 "$keys/alice.pub")" "$(grep -v '^#' keys/allowed_signers)"
expect "the shipped policy" "" "$(diff policies/staging.yaml "$source_root/policies/staging.yaml")"
expect "the folder of secrets" 700 "$(stat -c %a secrets)"

# It replaces nothing.
headgate init "$work"
expect_exit 1
expect_output "it is there already"
sed -i 's/^state:.*/& # mine/' headgate.yaml
printf '# mine\n' >>policies/staging.yaml
headgate init "$work" --output-file other.yaml --output json
expect_exit 0
expect_json '[.files[] | select(.kept) | .path | sub(".*/"; "")] | index("staging.yaml") != null'
expect "the policy" "# mine" "$(tail -1 policies/staging.yaml)"

# The next steps as they are printed: the secret, the doctor, the baseline.
config=$scratch/site/headgate.yaml
headgate doctor --output json
expect_exit 6
expect_json '[.[] | select(.level == "fail") | .check] == ["connection"]'
DIRECT_URL=$database_url
(umask 077; printf %s "${DIRECT_URL:?}" > 'secrets/work.url')
headgate doctor --output json
expect_exit 0
expect_json '[.[] | select(.level == "warn") | .check] - ["disks"] == ["baseline"]'
expect_json '.[] | select(.check == "migrations") | .what | startswith("1 migration in prisma/migrations")'
target=work
eval "$(jq -r '.[] | select(.check == "baseline") | .type[0]' "$scratch/out")"
expect_output "work"

# A monorepo: a target each, named by its folder; prisma.config.ts says where; what is no PostgreSQL is left out.
mono=$scratch/mono
git init -q "$mono"
git -C "$mono" remote add origin "https://robot:hunter2@github.com/acme/mono.git"
mkdir -p "$mono"/apps/{billing,web}/prisma "$mono"/packages/db/{schema,sql/migrations} "$mono"/node_modules/x/prisma "$mono/apps/billing/prisma/migrations"
printf 'datasource db {\n provider = "postgresql"\n url = env("BILLING_URL")\n}\n' >"$mono/apps/billing/prisma/schema.prisma"
cp "$mono/apps/billing/prisma/schema.prisma" "$mono/node_modules/x/prisma/"
printf 'datasource db {\n provider = "sqlite"\n url = "file:x"\n}\n' >"$mono/apps/web/prisma/schema.prisma"
printf 'datasource db {\n provider = "postgresql"\n schemas = ["auth", "public"]\n}\n' >"$mono/packages/db/schema/main.prisma"
printf 'model A { id Int @id }\n' >"$mono/packages/db/schema/a.prisma"
cat >"$mono/packages/db/prisma.config.ts" <<'END'
import { defineConfig, env } from "prisma/config";
export default defineConfig({
	schema: "schema",
	migrations: { path: "./sql/migrations" }, // not beside it
	datasource: { url: env("DATABASE_URL") },
});
END
config=""
mkdir "$scratch/monosite"
cd "$scratch/monosite"
headgate init "$mono" --output json
expect_exit 0
expect_json '.targets | sort_by(.name) | map([.name, .migrations, .variable]) == [["billing", "apps/billing/prisma/migrations", "BILLING_URL"], ["db", "packages/db/sql/migrations", "DATABASE_URL"]]'
expect_json '.github == "acme/mono" and .repository == "https://github.com/acme/mono.git"'
expect_json '[.notes[] | select(contains("sqlite"))] | length == 1'
expect "credentials that were copied" 0 "$(grep -c hunter2 headgate.yaml || true)"
expect "the suggestion" "#   repository: acme/mono" "$(grep '#   repository' headgate.yaml)"
config=$scratch/monosite/headgate.yaml
headgate doctor --output json
expect_json '[.[] | select(.check == "file")][0] | .level == "pass" and (.what | contains("2 targets"))'

# Where there is nothing, it says so and writes nothing.
mkdir "$scratch/empty" "$scratch/nothing"
cd "$scratch/empty"
config=""
headgate init "$scratch/nothing"
expect_exit 1
expect_output "no .prisma file in it has a datasource"
headgate init "$scratch/nowhere"
expect_exit 1
expect "files" "" "$(ls "$scratch/empty")"

# A real project's migrations where that project has them, when the shared data is here.
shared=${HEADGATE_SHARED:-$source_root/../shared}
if [[ -d $shared/data/langfuse ]]; then
	mkdir -p "$work/packages/shared/prisma/migrations" "$scratch/real"
	cp -r "$shared"/data/langfuse/. "$work/packages/shared/prisma/migrations/"
	chmod -R u+w "$work/packages"
	mv "$work/prisma/schema.prisma" "$work/packages/shared/prisma/"
	git -C "$work" rm -rqf --cached prisma
	rm -rf "$work/prisma"
	commit_as alice "A real project"
	push
	cd "$scratch/real"
	headgate init "$work"
	expect_exit 0
	(umask 077; printf %s "$database_url" > 'secrets/work.url')
	config=$scratch/real/headgate.yaml
	headgate doctor --output json
	expect_json '.[] | select(.check == "migrations") | .level == "pass" and (.what | endswith("packages/shared/prisma/migrations"))'
	expect_json '[.[] | select(.level == "fail") | .check] - ["owner"] == []' # another journal has the database already
else
	say "the shared data is not here: no real project was tried"
fi
