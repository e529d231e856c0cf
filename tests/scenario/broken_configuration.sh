#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "a broken configuration or policy ends with 64 and names file, line and the nearest word"

given_repository
given_database
given_config
baseline

refused() { # FRAGMENT…
	local fragment
	headgate reconcile
	expect_exit 64
	for fragment in "$@"; do
		expect_output "$fragment"
	done
	given_config
}

sed -i 's/^    branch:/    brunch:/' "$config"
refused "brunch" "branch" "line $(grep -n 'brunch' "$config" | cut -d: -f1)"
sed -i 's/^state:/sate:/' "$config"
refused "sate" "state" "line 1"
printf 'targets: [\n' >>"$config"
refused "headgate.yaml"
sed -i '/policy:/d' "$config"
refused "policy"
given_config policy=policies/nowhere.yaml
refused "there is no policy"
given_config "database_url=mysql://shop@localhost/shop"
headgate reconcile
expect_exit 64
expect_output "D003"
given_policy loose $'trust: tags\nbackup: {rule: none}'
given_config policy=policies/loose.yaml
refused "tags" "tag" "signed"
given_policy loose $'trust: all\nthreshold: 2\nbackup: {rule: none}'
given_config policy=policies/loose.yaml
refused "cannot use 'threshold'" "under trust: all nothing would come of it"
given_policy loose $'trust: all\nbackup: {rul: none}'
given_config policy=policies/loose.yaml
refused "loose.yaml" "rul" "line 2"
given_policy loose $'backup: {rule: none}'
given_config policy=policies/loose.yaml
refused "trust"

config=$scratch/elsewhere.yaml
headgate status
expect_exit 64
expect_output "there is no configuration"
