# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# ends: the clients and servers that we did not write, by short names. Sourced.

server_pid=
client_pid=

server_listens() { in_smsc ss -Hltn "sport = :2775" | grep -q .; }

# server_start js|pl [ARGUMENTS]
server_start() {
	local kind=$1 command
	shift
	case $kind in
	js) command=(node tests/netns/smpp_server.js) ;;
	pl) command=(perl tests/netns/smpp_server.pl) ;;
	*) die "no server \"$kind\"" ;;
	esac
	exec_in "$ns_smsc" "${command[@]}" "$@" >>"$work/server.log" 2>&1 </dev/null &
	server_pid=$!
	undo server_stop
	wait_for 20 "the $kind server" server_listens
}

server_stop() {
	process_stop "$server_pid"
	server_pid=
}

# client_start js|pl|kannel HOST PLAN REPORT [ARGUMENTS]: in the background.
client_start() {
	local kind=$1 host=$2 plan=$3 report=$4 command
	shift 4
	case $kind in
	js) command=(node tests/netns/smpp_client.js) ;;
	pl) command=(perl tests/netns/smpp_client.pl) ;;
	kannel)
		mkdir -p "$work/kannel"
		command=(python3 tests/netns/kannel_client.py --dir "$work/kannel")
		;;
	*) die "no client \"$kind\"" ;;
	esac
	exec_in "$ns_esme" "${command[@]}" --host "$host" --plan "$plan" \
		--report "$report" "$@" >>"$work/client.log" 2>&1 </dev/null &
	client_pid=$!
	undo client_stop
}

client_stop() {
	process_stop "$client_pid"
	client_pid=
}

# client_wait SECONDS: its exit status, or 124 when it had to be stopped.
client_wait() {
	local tenths=$(($1 * 10)) status=0
	while process_alive "$client_pid"; do
		if [ $tenths -le 0 ]; then
			echo "      the client did not end within $1 s"
			client_stop
			return 124
		fi
		tenths=$((tenths - 1))
		sleep 0.1
	done
	wait "$client_pid" || status=$?
	client_pid=
	return $status
}
