# given_http_repository [TOKEN]: serves the scenario's bare repository over smart HTTP, as a forge does: git http-backend
# behind fcgiwrap and nginx, from the scratch folder, on a loopback port. With a token, every request needs it (basic
# authentication, any of git's ways to send a password). Call it after given_repository and before given_config.
#
# One process serves one request after the other: children of fcgiwrap's would outlive it.
# Sets repository_url (given_config uses it). Also: http_goes_down, http_comes_back, http_requests PATTERN (a count).
# shellcheck shell=bash
# shellcheck disable=SC2154 # scratch and bare are lib.sh's

PATH=$PATH:/usr/sbin # where Debian keeps both servers; not on the path of an ordinary user
http_folder="" http_port="" http_token="" repository_url=""

given_http_repository() { # [TOKEN]
	http_token=${1:-}
	http_folder=$scratch/http
	mkdir -p "$http_folder"/{body,fastcgi,proxy,scgi,uwsgi}
	if [[ -n $http_token ]]; then
		printf 'git:{PLAIN}%s\n' "$http_token" >"$http_folder/passwords"
	else
		git -C "$bare" config http.receivepack true # nobody is somebody, then
	fi
	closers+=(http_goes_down)
	http_comes_back
	repository_url=http://127.0.0.1:$http_port/${bare##*/}
	say "serving $repository_url"
}

http_comes_back() {
	local _
	for _ in {1..20}; do
		http_port=${http_port:-$((20000 + (RANDOM * 32768 + RANDOM) % 12000))}
		write_nginx_settings
		setpriv --pdeathsig TERM fcgiwrap -s "unix:$http_folder/fcgiwrap.socket" >>"$http_folder/fcgiwrap.log" 2>&1 </dev/null &
		echo $! >"$http_folder/fcgiwrap.pid"
		setpriv --pdeathsig TERM nginx -p "$http_folder/" -c nginx.conf -e error.log >>"$http_folder/start.log" 2>&1 </dev/null &
		echo $! >"$http_folder/nginx.pid"
		if http_answers; then
			return
		fi
		http_goes_down
		if [[ -n $repository_url ]]; then
			break # clients know the port already
		fi
		http_port=""
	done
	fail "nginx to serve $http_folder" "$(tail -qn 5 "$http_folder/start.log" "$http_folder/fcgiwrap.log")"
}

http_answers() {
	local _
	for _ in {1..100}; do
		if ! kill -0 "$(<"$http_folder/nginx.pid")" 2>/dev/null; then
			return 1
		fi
		if [[ -S $http_folder/fcgiwrap.socket ]] && (: <"/dev/tcp/127.0.0.1/$http_port") 2>/dev/null; then
			return 0
		fi
		sleep 0.05
	done
	return 1
}

http_goes_down() {
	local name process
	for name in nginx fcgiwrap; do
		if [[ -s $http_folder/$name.pid ]]; then
			process=$(<"$http_folder/$name.pid")
			kill -TERM "$process" 2>/dev/null || true
			wait "$process" 2>/dev/null || true
			rm -f "$http_folder/$name.pid"
		fi
	done
	rm -f "$http_folder/fcgiwrap.socket"
}

http_requests() { # PATTERN: how many requests of the access log match, such as 'POST .*git-upload-pack'
	grep -cE -- "$1" "$http_folder/access.log" || true
}

write_nginx_settings() {
	local user="" protection="" backend
	backend=$(git --exec-path)/git-http-backend
	if ((EUID == 0)); then
		user="user root root;" # the scratch folder is closed to others
	fi
	if [[ -n $http_token ]]; then
		protection="auth_basic shop; auth_basic_user_file $http_folder/passwords;"
	fi
	cat >"$http_folder/nginx.conf" <<-END
		$user
		daemon off;
		worker_processes 1;
		pid $http_folder/nginx-own.pid;
		error_log $http_folder/error.log;
		events { worker_connections 64; }
		http {
			access_log $http_folder/access.log;
			client_body_temp_path $http_folder/body;
			fastcgi_temp_path $http_folder/fastcgi;
			proxy_temp_path $http_folder/proxy;
			scgi_temp_path $http_folder/scgi;
			uwsgi_temp_path $http_folder/uwsgi;
			client_max_body_size 512m;
			server {
				listen 127.0.0.1:$http_port;
				location / {
					$protection
					fastcgi_pass unix:$http_folder/fcgiwrap.socket;
					fastcgi_param SCRIPT_FILENAME $backend;
					fastcgi_param GIT_PROJECT_ROOT $(dirname "$bare");
					fastcgi_param GIT_HTTP_EXPORT_ALL 1;
					fastcgi_param PATH_INFO \$uri;
					fastcgi_param QUERY_STRING \$query_string;
					fastcgi_param REQUEST_METHOD \$request_method;
					fastcgi_param CONTENT_TYPE \$content_type;
					fastcgi_param CONTENT_LENGTH \$content_length;
					fastcgi_param REMOTE_USER \$remote_user;
					fastcgi_param REMOTE_ADDR \$remote_addr;
				}
			}
		}
	END
}
