# The real Prisma beside a test: its schema engine and its command line (folder `prisma-peer` of $HEADGATE_SHARED, by
# default ../shared beside the project), installed once per build folder and used by all tests there.
# A reader might expect each test to install its own: that takes a minute, and would be the longest part of it.
#
#   source "$(dirname "$0")/peer.sh"; peer_or_skip        before lib.sh is sourced: ends with 77 where there is no Prisma
#   engine URL MIGRATIONS deploy|status|applied N|…       one line of JSON; PRISMA_PEER_ADAPTER=session|split is the mode
#   prisma7 URL MIGRATIONS migrate status                 the command line of 7.10.1
# shellcheck shell=bash

peer_source=${HEADGATE_SHARED:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/../shared}/prisma-peer
peer=${HEADGATE_BINARY_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/build/asan}/interop/prisma-peer

peer_or_skip() { # [with-cli]
	if [[ ! -d $peer_source ]]; then
		peer_skip "there is no $peer_source"
	fi
	if ! command -v npm >/dev/null || ! command -v node >/dev/null; then
		peer_skip "npm is not installed"
	fi
	mkdir -p "$(dirname "$peer")"
	exec {peer_lock}>"$peer.lock"
	flock "$peer_lock"
	peer_install . || peer_skip "npm cannot install Prisma"
	if [[ ${1:-} == with-cli ]]; then
		peer_install cli7 || peer_skip "npm cannot install Prisma 7"
	fi
	exec {peer_lock}>&-
}

peer_install() { # FOLDER of the peer: anew when its files have changed since, or when it was interrupted
	local folder=$peer/$1 digest
	digest=$(cd "$peer_source/$1" && find . -maxdepth 1 -type f -exec sha256sum {} + | sort | sha256sum)
	if [[ $(cat "$folder/installed" 2>/dev/null || true) == "$digest" ]]; then
		return 0
	fi
	mkdir -p "$folder"
	rm -rf "$folder/installed" "$folder/node_modules"
	find "$peer_source/$1" -maxdepth 1 -type f -exec cp {} "$folder/" \;
	npm --prefix "$folder" install --ignore-scripts --no-audit --no-fund >"$peer.log" 2>&1 </dev/null || return 1
	printf '%s\n' "$digest" >"$folder/installed"
}

peer_skip() { # WORD
	printf 'skipped: %s\n' "$1"
	exit 77
}

engine() { # URL MIGRATIONS COMMAND [NAME]
	DATABASE_URL=$1 node "$peer/engine.mjs" "${@:2}"
}

prisma7() { # URL MIGRATIONS COMMAND…
	DATABASE_URL=$1 sh "$peer/prisma7.sh" "${@:2}" </dev/null
}
