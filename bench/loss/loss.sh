# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # names of run and of the scripts it sources
# loss: throughput of one session through Sluice on a path that loses frames, beside the
# same ends, the same path and a bridge in Sluice's place. Sourced by ../../run.
#
# Each run compares Sluice with a kernel that sends by CUBIC, and with one that sends by this
# host's own default, where that is another (a socket's option: a namespace may not choose what
# the host does not allow everybody). Sluice's sender has the same (setting congestion_control),
# CUBIC where the kernel has neither. judge.py documents the keys of --json.
# The impairment box (tests/impair) is at the SMSC's side, where our sender must mend the
# losses, and then at the ESME's, where a kernel does and our receiver must tell it what is
# missing. A round trip takes 10 ms, or --delay-us twice. The worker and the box come first on
# their cores: what they wait for one is a longer round trip, which no bridge has. Rounds are
# interleaved; both ways of a round have the same seed. Sluice has as many buffers as it has by
# default.

loss_usage() {
	cat <<'HELP'
loss: throughput of one session through Sluice on a path that loses frames, beside a bridge.

usage: sudo ./run bench loss [OPTION ...]

  --rounds N             of each side and congestion control, interleaved; default 5
  --octets N             of a transfer; default 8000000
  --loss N               frames lost each way, in hundredths of a percent; default 100
  --delay-us N           of the path, one way; default 5000
  --cc cubic|bbr|reno    of the kernel that sends, instead of cubic and the host's own
  --json                 one JSON object
HELP
}

loss_transfer() { # WAY SIDE ROUND CC
	local sent server
	exec_in "$ns_smsc" /usr/bin/python3 bench/loss/stream.py serve 10.99.0.2 2775 \
		>"$work/served" &
	server=$!
	wait_for 10 "the server" grep -q ready "$work/served" || return 1
	sent=$(in_esme timeout 60 /usr/bin/python3 bench/loss/stream.py send 10.99.0.2 2775 \
		"$loss_octets" "$4") || { kill $server; return 1; }
	wait $server
	echo "$1 $2 $3 $sent $(tail -n 1 "$work/served")" >>"$work/rounds"
}

loss_impair() { # SIDE SEED
	local ns=$ns_smsc ipv4=10.99.0.2/24 ipv6=fd99::2/64
	if [ "$1" = esme ]; then ns=$ns_esme ipv4=10.99.0.1/24 ipv6=fd99::1/64; fi
	# shellcheck disable=SC2034 # of impaired.sh
	impair_pids=()
	impair_end "$ns" "$1" "$ipv4" "$ipv6" --seed "$2" --loss "$loss_share" \
		--delay-us "$loss_delay_us"
}

# Like with like: Sluice's sender has the control of the kernel beside it, where it has it.
loss_control() { # CC
	local ours=cubic
	[ "$1" != bbr ] || ours=bbr
	sed -i '/^congestion_control:/d' "$run_dir/dataplane.yaml"
	echo "congestion_control: $ours" >>"$run_dir/dataplane.yaml"
}

loss_round() { # SIDE ROUND CC
	loss_control "$3"
	data_plane_start && loss_impair "$1" "$2" || return 1
	wait_for 20 "control to reattach" ctl_attached || return 1
	loss_transfer through "$1" "$2" "$3" || return 1
	ctl counters >&2 # how it was mended
	impair_off
	data_plane_stop
	bridge_on
	loss_impair "$1" "$2" && loss_transfer direct "$1" "$2" "$3" || return 1
	impair_off
	bridge_off
}

ctl_attached() { ctl status --json | python3 tests/netns/attached.py; }

loss_failed=no
loss_clean() { [ $loss_failed = yes ] || rm -rf "$work"; }

loss_bench() {
	local json='' rounds=5 side round cc default controls
	default=$(cat /proc/sys/net/ipv4/tcp_congestion_control)
	controls=(cubic)
	[ "$default" = cubic ] || controls+=("$default")
	loss_octets=8000000 loss_share=100 loss_delay_us=5000
	while [ $# -gt 0 ]; do
		case $1 in
		--rounds | --octets | --loss | --delay-us)
			need_number "bench loss: $1" "${2:-}" ;;
		--cc) [ -n "${2:-}" ] || misused "bench loss: --cc needs a name" ;;
		esac
		case $1 in
		--json) json=--json ;;
		--rounds) rounds=$2; shift ;;
		--octets) loss_octets=$2; shift ;;
		--loss) loss_share=$2; shift ;;
		--delay-us) loss_delay_us=$2; shift ;;
		--cc) controls=("$2"); shift ;;
		*) misused "bench loss: no option \"$1\"" ;;
		esac
		shift
	done
	SLUICE_INSTANCE=${SLUICE_INSTANCE:-b$$}
	stack_names
	work=$(mktemp -d /tmp/sluice-loss.XXXXXX)
	undo loss_clean
	topology_up
	data_plane_first
	# shellcheck disable=SC2034 # of impaired.sh
	impair_rank=("${data_plane_rank[@]}") # the wire waits for nobody either
	stack_dir_make
	stack_settings
	sed -i '/^buffers:/d' "$run_dir/dataplane.yaml" # as many as there are by default
	{ data_plane_start && control_start && stack_seed tests/scenario/rules.yaml; } >&2
	data_plane_stop
	for ((round = 1; round <= rounds; round++)); do
		for side in smsc esme; do
			for cc in "${controls[@]}"; do
				loss_round $side $round "$cc" >&2 && continue
				loss_failed=yes
				die "bench loss: see $work"
			done
		done
	done
	python3 bench/loss/judge.py $json "$default" <"$work/rounds"
}
