# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# impaired: a bad wire before both ends: eth0 of each end moves into $ns_bad, where
# tests/impair carries its frames to a new eth0, or does not. Sourced.
#
#   eth0 --- far [impair] near === esme0 wire smsc0 === near [impair] far --- eth0

impair_pids=()
impair_rank=() # what runs the box, when it is to come before others

# eth0 is another one now: nobody is to remember the old one's address.
neighbours_forget() {
	ip -n "$ns_esme" neigh flush all
	ip -n "$ns_smsc" neigh flush all
}

# impair_end NAMESPACE PORT IPV4 IPV6 [ARGUMENTS OF impair]
impair_end() {
	local ns=$1 bad=$1-bad port=$2 ipv4=$3 ipv6=$4
	shift 4
	namespace_add "$bad"
	ip netns exec "$bad" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1
	ip -n "$ns" link set eth0 down
	ip -n "$ns" link set eth0 name near netns "$bad"
	ip -n "$bad" link add far type veth peer name eth0 netns "$ns"
	interface_quiet "$bad" far
	interface_quiet "$ns" eth0
	ip -n "$ns" addr add "$ipv4" dev eth0
	ip -n "$ns" addr add "$ipv6" dev eth0 nodad
	# Three questions for an address, the kernel's own number, are all lost once in twenty
	# times where a fifth is lost each way, and connect() fails before a SYN is sent.
	ip netns exec "$ns" sysctl -q -w net.ipv4.neigh.eth0.mcast_solicit=20 \
		net.ipv6.neigh.eth0.mcast_solicit=20
	local link
	for link in near far; do ip -n "$bad" link set "$link" promisc on up; done
	ip -n "$ns" link set eth0 up
	exec_in "$bad" "${impair_rank[@]}" "$build/tests/impair/impair" "$@" near far \
		>"$work/impair-$port" 2>&1 </dev/null &
	impair_pids+=($!)
	neighbours_forget
	undo impair_off
	wait_for 10 "the impairment box" grep -q ready "$work/impair-$port"
}

# impair_on SEED [ARGUMENTS OF impair]: at both ends, each with a seed of its own.
impair_on() {
	local seed=$1
	shift
	impair_pids=()
	impair_end "$ns_esme" esme 10.99.0.1/24 fd99::1/64 --seed "$seed" "$@" &&
		impair_end "$ns_smsc" smsc 10.99.0.2/24 fd99::2/64 --seed $((seed + 1)) "$@"
}

impair_end_off() {
	local ns=$1 bad=$1-bad
	namespace_exists "$bad" || return 0
	ip -n "$bad" link del far 2>/dev/null || :
	ip -n "$bad" link set near down
	ip -n "$bad" link set near name eth0 netns "$ns"
	ip netns del "$bad"
	interface_quiet "$ns" eth0
	ip -n "$ns" addr add "$2" dev eth0
	ip -n "$ns" addr add "$3" dev eth0 nodad
	ip -n "$ns" link set eth0 up
}

impair_off() {
	local pid
	for pid in "${impair_pids[@]}"; do process_stop "$pid"; done
	impair_pids=()
	namespace_exists "$ns_wire" || return 0 # all of it is gone
	impair_end_off "$ns_esme" 10.99.0.1/24 fd99::1/64
	impair_end_off "$ns_smsc" 10.99.0.2/24 fd99::2/64
	neighbours_forget
}
