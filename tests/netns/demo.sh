# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# demo: a stream of real messages through the whole thing. Sourced by ../../run.

. tests/netns/capture.sh
. tests/netns/ends.sh

demo_messages=tests/scenario/sample.tsv
demo_limit=0
demo_json=no

demo_options() {
	while [ $# -gt 0 ]; do
		case $1 in
		--messages)
			[ -n "${2:-}" ] || misused "demo: --messages needs a file"
			demo_messages=$2
			[ "${2#/}" != "$2" ] || demo_messages=$called_from/$2
			if [ -d "$demo_messages" ] || [ ! -r "$demo_messages" ]; then
				die "cannot read $demo_messages"
			fi
			shift
			;;
		--limit)
			need_number "demo: --limit" "${2:-}"
			demo_limit=$2
			shift
			;;
		--json) demo_json=yes ;;
		*) misused "demo: no option \"$1\"" ;;
		esac
		shift
	done
}

demo_accounts=hanbit,namsan,hanbit,namsan,hanbit,dorado,hanbit,namsan,hanbit,oldport
demo_accounts=$demo_accounts,hanbit,ghost

# Senders and accounts are drawn whatever the label says; labels stay in the plan.
demo_plans() {
	python3 tests/netns/plan.py --out "$work/plan" --messages "$demo_messages" \
		--limit "$demo_limit" --codings gsm7,ascii,latin1,ucs2,cp949 \
		--sender-weights 80,6,7,7 --accounts "$demo_accounts" \
		>"$work/planned" 2>&1 || die "no message to send: $(cat "$work/planned")"
	note "$(cat "$work/planned")"
	for _ in 1 2 3 4 5; do grep '^ham' tests/scenario/sample.tsv; done >"$work/clean.tsv"
	python3 tests/netns/plan.py --out "$work/clean" --messages "$work/clean.tsv" \
		--accounts hanbit --sender-weights 1,0,0,0 --payload 0 2>/dev/null
}

# One message at a time, seen at both ends: demo.py takes the ends' own time out.
demo_latency() {
	capture_start "$work/$1-wire" || return 1
	client_start js 10.99.0.2 "$work/clean" "$work/$1" --window 1 --enquire-every 0
	client_wait 120 && capture_stop
}

demo_network() {
	topology_up
	stack_dir_make
	stack_settings
	step "the same messages over a plain bridge, for comparison"
	bridge_on
	server_start js || return 1
	demo_latency base || return 1
	bridge_off
}

demo_stream() {
	exec_in "$ns_esme" node tests/netns/smpp_client.js --host 10.99.0.2 --window 50 \
		--plan "$work/plan" --report "$work/report" --progress \
		2>&1 >/dev/null </dev/null &
	client_pid=$!
	undo client_stop
	client_wait 3600
}

demo_run() {
	data_plane_first
	demo_network || return 1
	step "data plane and control, a seeded registry, the starter rules"
	data_plane_start && control_start || return 1
	stack_seed || return 1
	wait_for 20 "the tables to be in force" ctl_attached || return 1
	step "one message at a time, for the latency we add"
	demo_latency through || return 1
	ctl counters --json >"$work/before"
	step "the stream: $(wc -l <"$work/plan") messages, real SMPP at both ends, window 50"
	demo_stream || note "the client reports trouble: $(tail -n 1 "$work/report")"
	ctl counters --json >"$work/after"
	ctl audit --limit 1000 --json >"$work/audit" || echo '{}' >"$work/audit"
}

ctl_attached() { ctl status --json | python3 tests/netns/attached.py; }

demo() {
	demo_options "$@"
	install_missing
	SLUICE_INSTANCE=${SLUICE_INSTANCE:-demo}
	stack_names
	work=$(mktemp -d "/tmp/sluice-demo-$SLUICE_INSTANCE.XXXXXX")
	undo demo_clean
	undo_at_exit
	demo_plans # what is wrong with the messages is said before minutes of building
	install_node_modules
	build_programs
	step "two namespaces that only Sluice joins: 10.99.0.1 <-> 10.99.0.2"
	if ! demo_run; then
		demo_failed=yes
		die "the demo could not run; logs are in $work"
	fi
	local status=0 arguments=()
	[ $demo_json = no ] || arguments=(--json)
	python3 tests/netns/demo.py "$work" "${arguments[@]}" || status=$?
	return $status
}

demo_failed=no

demo_clean() {
	if [ $demo_failed = yes ]; then
		cp "$run_dir"/*.log "$work/" 2>/dev/null || :
		return 0
	fi
	rm -rf "$work"
}
