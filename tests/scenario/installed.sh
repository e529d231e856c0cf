#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
scenario "cmake --install puts everything where Debian expects it, and the service can be loaded"

stage=$scratch/stage
DESTDIR=$stage cmake --install "$HEADGATE_BINARY_DIR" --prefix /usr >/dev/null
find_prefix() { # the build may have been configured with another prefix for full paths
	sed -n 's/^ExecStart=\(.*\)\/headgate .*/\1/p' "$stage/usr/lib/systemd/system/headgate.service"
}
for file in bin/headgate share/man/man1/headgate.1 share/man/man1/headgate-wait.1 share/man/man5/headgate.yaml.5 \
	share/headgate/policies/production.yaml share/bash-completion/completions/headgate \
	lib/systemd/system/headgate.service lib/sysusers.d/headgate.conf lib/tmpfiles.d/headgate.conf; do
	expect "$file" there "$([[ -s $stage/usr/$file ]] && echo there || echo missing)"
done
expect "the examples" there "$(ls "$stage"/usr/share/doc/headgate*/examples/* >/dev/null 2>&1 && echo there || echo missing)"
expect "the program by its installed path" yes "$([[ -n $(find_prefix) ]] && echo yes || echo no)"

# Completion knows the commands and their options.
complete_words() {
	bash -c 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _headgate; printf "%s\n" "${COMPREPLY[@]}"' _ \
		"$stage/usr/share/bash-completion/completions/headgate" headgate "$@"
}
expect "completion of re" "reconcile resolve resume retry" "$(complete_words re | sort | xargs)"
expect "completion of an option" "--rolled-back" "$(complete_words resolve --roll | xargs)"
expect "completion of a format" "json" "$(complete_words --output j | xargs)"

if command -v systemd-analyze >/dev/null; then
	sed -e "s|^ExecStart=[^ ]*|ExecStart=$headgate_binary|" -e '/^User=/d' -e '/^Group=/d' \
		"$stage/usr/lib/systemd/system/headgate.service" >"$scratch/headgate.service"
	expect "what systemd says of the unit" "" "$(systemd-analyze verify --man=no "$scratch/headgate.service" 2>&1 | grep headgate.service || true)"
else
	say "skipped: systemd-analyze is not installed"
fi
