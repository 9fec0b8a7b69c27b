# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# capture: what crosses both ends of the wire, kept for wire.py. Sourced.

capture_pids=()

capture_ready() { [ "$(stat -c %s "$1" 2>/dev/null || echo 0)" -ge 24 ]; }

# capture_start FOLDER: FOLDER/esme.pcap and FOLDER/smsc.pcap.
capture_start() {
	local side ns
	capture_dir=$1
	mkdir -p "$capture_dir"
	for side in esme smsc; do
		rm -f "$capture_dir/$side.pcap"
		ns=ns_$side
		exec_in "${!ns}" dumpcap -q -P -B 64 -i eth0 -w "$capture_dir/$side.pcap" \
			>"$capture_dir/$side.log" 2>&1 </dev/null &
		capture_pids+=($!)
	done
	undo capture_stop
	wait_for 10 "the captures" capture_ready "$capture_dir/esme.pcap" &&
		wait_for 10 "the captures" capture_ready "$capture_dir/smsc.pcap"
}

# Give the last frames time to reach the file; a capture that lost frames proves nothing.
capture_stop() {
	[ ${#capture_pids[@]} -gt 0 ] || return 0
	local pid pids=("${capture_pids[@]}")
	capture_pids=()
	sleep 0.5
	for pid in "${pids[@]}"; do kill -INT "$pid" 2>/dev/null || :; done
	for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || :; done
	if grep -h dropped "$capture_dir"/*.log | grep -qv 'received/dropped.*: [0-9]*/0 '; then
		note "a capture dropped frames:"
		cat "$capture_dir"/*.log
		return 1
	fi
}
