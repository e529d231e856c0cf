#!/usr/bin/env bash
source "$(dirname "$0")/lib.sh"
source "$(dirname "$0")/http.sh"
scenario "plain git fetches and pushes over the scenarios' HTTP server, and only with the token"

given_repository
given_http_repository s3cret

clone() { # URL FOLDER
	git clone -q "$1" "$scratch/$2" 2>"$scratch/err"
}
with_token=${repository_url/:\/\//:\/\/git:s3cret@}

expect "clone with the token" 0 "$(clone "$with_token" one && echo 0)"
expect "clone without the token" 128 "$(clone "$repository_url" two || echo $?)"
expect "clone with a wrong token" 128 "$(clone "${with_token/s3cret/other}" three || echo $?)"

# A push larger than http.postBuffer is sent in chunks, as libgit2 sends every push.
head -c 300000 /dev/urandom >"$work/picture"
commit_as alice "Add a picture"
git -C "$work" -c http.postBuffer=65536 push -q "$with_token" main
expect "the pushed commit has arrived" "$commit" "$(git -C "$bare" rev-parse main)"
expect "both ways were served" "yes" "$( (($(http_requests 'POST .*git-receive-pack') > 0 && $(http_requests 'POST .*git-upload-pack') > 0)) && echo yes)"

http_goes_down
expect "clone while the server is down" 128 "$(clone "$with_token" four || echo $?)"
http_comes_back
expect "clone when it is back" 0 "$(clone "$with_token" five && echo 0)"
