# given_ssh_repository: serves the scenario's bare repository over ssh, as a forge does: an sshd of our own on a loopback
# port, as the user who runs the tests, with host keys of three kinds and a list of who may log in: nothing but git's
# two services. Call it after given_repository and before given_config.
#
# Sets repository_url (given_config uses it), ssh_folder, ssh_port and ssh_name (as known_hosts has it). Host keys are
# $ssh_folder/host_ed25519, host_ecdsa, host_rsa; the agent's keys $scratch/secrets/deploy (may log in), other (may not).
# Also: ssh_goes_down, ssh_comes_back [LINE of sshd_config…], pin NAME… (the host keys of $scratch/known_hosts).
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch and bare are lib.sh's

PATH=$PATH:/usr/sbin # where Debian keeps the server; not on the path of an ordinary user
ssh_folder="" ssh_port="" ssh_name="" ssh_server="" repository_url=""

given_ssh_repository() {
	local kind
	ssh_folder=$scratch/ssh
	mkdir -p "$ssh_folder" "$scratch/secrets"
	chmod 700 "$scratch/secrets"
	for kind in ed25519 ecdsa rsa; do
		ssh-keygen -q -t "$kind" -N '' -C '' -f "$ssh_folder/host_$kind"
	done
	ssh-keygen -q -t ed25519 -N '' -C deploy -f "$scratch/secrets/deploy"
	ssh-keygen -q -t ed25519 -N '' -C other -f "$scratch/secrets/other"
	write_git_only
	let_in deploy
	closers+=(ssh_goes_down)
	if ((EUID == 0)); then
		mkdir -p /run/sshd # sshd wants it when root starts it; Debian's service makes it at each boot
	fi
	ssh_comes_back
	ssh_name="[127.0.0.1]:$ssh_port"
	repository_url=ssh://$(id -un)@127.0.0.1:$ssh_port$bare
	say "serving $repository_url"
	pin ed25519 ecdsa rsa
}

let_in() { # KEY: of the folder secrets; for git alone
	printf 'restrict,command="%s" %s\n' "$ssh_folder/git-only" "$(cut -d' ' -f1,2 "$scratch/secrets/$1.pub")" >>"$ssh_folder/authorized_keys"
}

write_git_only() {
	cat >"$ssh_folder/git-only" <<-'END'
		#!/bin/sh
		case "$SSH_ORIGINAL_COMMAND" in
		git-upload-pack\ * | git-receive-pack\ *) exec git-shell -c "$SSH_ORIGINAL_COMMAND" ;;
		esac
		echo "only git" >&2
		exit 1
	END
	chmod +x "$ssh_folder/git-only"
}

pin() { # KIND…: known_hosts of the agent holds these host keys and nothing else
	local kind
	: >"$scratch/known_hosts"
	for kind in "$@"; do
		printf '%s %s\n' "$ssh_name" "$(cut -d' ' -f1,2 "$ssh_folder/host_$kind.pub")" >>"$scratch/known_hosts"
	done
}

fingerprint() { # FILE of a public key -> SHA256:…
	ssh-keygen -lf "$1" | cut -d' ' -f2
}

ssh_comes_back() { # [LINE of sshd_config…]
	local _
	for _ in {1..20}; do
		ssh_port=${ssh_port:-$((20000 + (RANDOM * 32768 + RANDOM) % 12000))}
		write_sshd_settings "$@"
		setpriv --pdeathsig TERM /usr/sbin/sshd -D -e -f "$ssh_folder/sshd_config" >>"$ssh_folder/sshd.log" 2>&1 </dev/null &
		ssh_server=$!
		if ssh_answers; then
			return
		fi
		ssh_goes_down
		if [[ -n $repository_url ]]; then
			break # clients know the port already
		fi
		ssh_port=""
	done
	fail "sshd to serve $ssh_folder" "$(tail -n 5 "$ssh_folder/sshd.log")"
}

ssh_answers() {
	local _
	for _ in {1..100}; do
		kill -0 "$ssh_server" 2>/dev/null || return 1
		if (: <"/dev/tcp/127.0.0.1/$ssh_port") 2>/dev/null; then
			return 0
		fi
		sleep 0.05
	done
	return 1
}

ssh_goes_down() {
	if [[ -n $ssh_server ]]; then
		kill -TERM "$ssh_server" 2>/dev/null || true
		kill -CONT "$ssh_server" 2>/dev/null || true # a scenario may have made it hang
		wait "$ssh_server" 2>/dev/null || true
		ssh_server=""
	fi
}

write_sshd_settings() { # [LINE…]; the first one of a name counts
	local line
	{
		for line in "$@"; do
			printf '%s\n' "$line"
		done
		cat <<-END
			ListenAddress 127.0.0.1
			Port $ssh_port
			HostKey $ssh_folder/host_ecdsa
			HostKey $ssh_folder/host_rsa
			HostKey $ssh_folder/host_ed25519
			PidFile none
			AuthorizedKeysFile $ssh_folder/authorized_keys
			StrictModes no
			UsePAM no
			PasswordAuthentication no
			KbdInteractiveAuthentication no
			PermitRootLogin prohibit-password
			PrintMotd no
		END
	} >"$ssh_folder/sshd_config"
}
