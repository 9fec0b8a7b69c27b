# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# stack: the two daemons between the ends of a topology. Sourced by ../../run.
#
# Everything an instance writes is in $run_dir; the report is on tmpfs, as in the field.

data_plane_pid=
control_pid=
data_plane_rank=() # what runs it, when it is to come before others

stack_names() {
	topology_names
	local suffix=${SLUICE_INSTANCE:+-$SLUICE_INSTANCE}
	run_dir=/run/sluice$suffix
	report_file=/dev/shm/sluice$suffix-report
	link_socket=$run_dir/dataplane.sock
	image_file=$run_dir/last.image
	control_socket=$run_dir/control.sock
	build=${SLUICE_BUILD:-$here/build}
	data_plane=$build/dataplane/sluice-dataplane
	control=$build/control/sluice-control
	sluicectl=$build/control/cli/sluicectl
	[ -x "$sluicectl" ] || sluicectl=$build/control/sluicectl
}

ctl() { "$sluicectl" --socket "$control_socket" "$@"; }

stack_dir_make() {
	mkdir -p "$run_dir"
	chmod 700 "$run_dir"
	undo stack_dir_remove
}

stack_dir_remove() {
	rm -rf "$run_dir"
	rm -f "$report_file"
}

# One worker on the second core, when there is one; the link thread and the ends on the first.
stack_settings() {
	local core=0
	[ "$(nproc)" -lt 2 ] || core=1
	local tuning=blocksz=65536,framesz=2048,framecnt=512,qdisc_bypass=1
	local esme=net_af_packet0,iface=esme0,$tuning smsc=net_af_packet1,iface=smsc0,$tuning
	if [ "${SLUICE_PMD:-}" = pcap ]; then
		esme=net_pcap0,rx_iface_in=esme0,tx_iface=esme0
		smsc=net_pcap1,rx_iface_in=smsc0,tx_iface=smsc0
	fi
	# DPDK loads a driver from no folder below one that all may write to, as /tmp.
	local pool=
	if [ -n "${SLUICE_POOL:-}" ]; then
		cp "$SLUICE_POOL" "$run_dir/visible_pool.so"
		pool=", \"-d\", \"$run_dir/visible_pool.so\", \"--mbuf-pool-ops-name=visible\""
	fi
	cat >"$run_dir/dataplane.yaml" <<SETTINGS
links:
  - { esme: "$esme", smsc: "$smsc" }
smpp_ports: [ 2775 ]
eal: [ "--no-pci"$pool ]
poll: adaptive
workers: ${SLUICE_WORKERS:-1}
first_core: $core
buffers: 16384
huge_pages: try
fragments: ${SLUICE_FRAGMENTS:-drop}
link_socket: $link_socket
report_file: $report_file
image_file: $image_file
recipient_key: $run_dir/recipient.key
SETTINGS
}

# The log's last lines, when something of ours did not start.
log_tail() {
	printf -- '--- %s:\n' "$1" >&2
	tail -n 20 "$1" >&2 || :
}

process_alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

data_plane_up() { process_alive "$data_plane_pid" && [ -S "$link_socket" ]; }

# An appliance gives a worker a core of its own. Here it shares one, so it comes first on
# it; else what is measured is how long it waits for the core (bench/RESULTS.md).
data_plane_first() {
	if [ "$(nproc)" -ge 2 ] && chrt -f 1 true 2>/dev/null; then
		data_plane_rank=(chrt -f 1)
	fi
}

data_plane_start() {
	rm -f "$link_socket"
	exec_in "$ns_wire" setsid "${data_plane_rank[@]}" "$data_plane" \
		--settings "$run_dir/dataplane.yaml" \
		>>"$run_dir/dataplane.log" 2>&1 </dev/null &
	data_plane_pid=$!
	echo $data_plane_pid >"$run_dir/dataplane.pid"
	undo data_plane_stop
	if ! wait_for 20 "the data plane" data_plane_up; then
		log_tail "$run_dir/dataplane.log"
		return 1
	fi
}

control_start() {
	rm -f "$control_socket"
	setsid "$control" --database "$run_dir/registry.sqlite" --socket "$control_socket" \
		--link "$link_socket" --report "$report_file" --audit "$run_dir/audit" \
		--recipient-key "$run_dir/recipient.key" \
		>>"$run_dir/control.log" 2>&1 </dev/null &
	control_pid=$!
	echo $control_pid >"$run_dir/control.pid"
	undo control_stop
	if ! wait_for 20 "sluice-control" ctl status; then
		log_tail "$run_dir/control.log"
		return 1
	fi
}

# process_stop PID: politely, then not.
process_stop() {
	[ -n "$1" ] || return 0
	kill -TERM "$1" 2>/dev/null || return 0
	local tenths=50
	while kill -0 "$1" 2>/dev/null && [ $tenths -gt 0 ]; do
		sleep 0.1
		tenths=$((tenths - 1))
	done
	kill -KILL "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
}

data_plane_stop() {
	process_stop "$data_plane_pid"
	data_plane_pid=
}

control_stop() {
	process_stop "$control_pid"
	control_pid=
}

data_plane_kill() {
	kill -KILL "$data_plane_pid"
	wait "$data_plane_pid" 2>/dev/null || :
	data_plane_pid=
}

control_kill() {
	kill -KILL "$control_pid"
	wait "$control_pid" 2>/dev/null || :
	control_pid=
}

# The registry and the rules that the demo, the lab and the tests start with.
stack_seed() {
	ctl accounts import tests/scenario/accounts.csv
	ctl senders import tests/scenario/senders.csv
	ctl rules push "${1:-control/rules/starter.yaml}"
}
