# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# lab: the same network, standing, for the user's own clients. Sourced by ../../run.

lab_up() {
	stack_names
	topology_none # said before minutes of building, not after
	install_missing
	install_node_modules
	build_programs
	undo_at_exit
	step "namespaces, data plane, control"
	topology_up
	stack_dir_make
	stack_settings
	data_plane_start || die "see above"
	control_start || die "see above"
	stack_seed || die "the registry could not be seeded: see above"
	undo_nothing # it stays
	lab_tell
}

lab_tell() {
	local ctl
	ctl="sudo $(printf %q "$sluicectl")"
	[ -z "${SLUICE_INSTANCE:-}" ] || ctl="$ctl --socket $control_socket"
	cat <<TELL

The lab is up. Port 2775 between these two is screened, nothing else:
  $ns_esme   10.99.0.1  fd99::1     run your clients here:  sudo ip netns exec $ns_esme ...
  $ns_smsc   10.99.0.2  fd99::2     run your server here:   sudo ip netns exec $ns_smsc ...
No end is configured for Sluice: clients connect to 10.99.0.2. For a start:
  sudo ip netns exec $ns_smsc node tests/netns/smpp_server.js &

Accounts (system_id; the password is the SMSC's affair, ours takes any):
  hanbit   certified; data_coding 0 is GSM 7-bit      dorado   suspended: all refused
  namsan   certified; data_coding 0 is CP949          oldport  expired: all refused
  watch    observed: forwarded, but written down      (others) unknown: all refused
Senders that pass:   hanbit 02-000-0101, 010-0000-0102, 1500-0103, HANBITPAY
                     namsan 010-0000-0201, 031-000-0202, NAMSAN
Refused for hanbit:  02-000-0104 (suspended), 02-000-0105 (expired), 02-000-0106 (blocked),
                     010-0000-0201 (another's), 010-9999-0000 (nobody's)

Certify a sender:
  (head -n 1 tests/scenario/senders.csv; echo 010-0000-0109,hanbit,certified,,,) >/tmp/one.csv
  $ctl senders import /tmp/one.csv
Push a rule (the file replaces the rules in force; this is the pack that is):
  $ctl rules push $(printf %q "$here")/control/rules/starter.yaml
Suspend an account (it returns when every worker enforces it), and lift it:
  $ctl suspend account hanbit
  $ctl lift account hanbit
Look:
  $ctl status;  $ctl counters;  $ctl audit --follow
Logs are in $run_dir. Take it down with: $(topology_remedy)
TELL
}

# stop_recorded NAME: the process of $run_dir/NAME.pid, if it is still ours.
stop_recorded() {
	local pid
	pid=$(cat "$run_dir/$1.pid" 2>/dev/null || :)
	[ -n "$pid" ] || return 0
	case $(readlink "/proc/$pid/exe" 2>/dev/null || :) in
	*/sluice-*) process_stop "$pid" ;;
	esac
}

lab_down() {
	stack_names
	local left=() pid
	stop_recorded control
	stop_recorded dataplane
	for ns in "$ns_esme" "$ns_smsc" "$ns_wire"; do
		if namespace_exists "$ns"; then
			for pid in $(ip netns pids "$ns"); do
				left+=("$pid ($(cat "/proc/$pid/comm" 2>/dev/null || :))")
			done
		fi
	done
	topology_down
	stack_dir_remove
	[ ${#left[@]} -eq 0 ] ||
		note "these processes lived there and have lost their network: ${left[*]}"
	note "the lab is down"
}

lab_status() {
	stack_names
	local remains
	remains=$(topology_remains)
	if [ -z "$remains" ] && [ ! -d "$run_dir" ]; then
		note "the lab is down"
		return 1
	fi
	note "namespaces: ${remains//$'\n'/ }"
	local name pid
	for name in dataplane control; do
		pid=$(cat "$run_dir/$name.pid" 2>/dev/null || :)
		if process_alive "$pid"; then
			note "$name: process $pid"
		else
			note "$name: not running; its log is $run_dir/$name.log"
		fi
	done
	ctl status
}

lab() {
	case ${1:-} in
	up) lab_up ;;
	down) lab_down ;;
	status) lab_status ;;
	*) misused "lab: up, down or status" ;;
	esac
}
