# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# topology: two ends and the wire between them, each a network namespace.
#
#   $ns_esme eth0 ---veth--- esme0 $ns_wire smsc0 ---veth--- eth0 $ns_smsc
#   10.99.0.1 fd99::1        no addresses         10.99.0.2 fd99::2
#
# The links are made inside the namespaces: the host never sees an interface. Several
# instances live beside each other by $SLUICE_INSTANCE; "" is the lab's. Sourced.

# Octets are compared and checksums verified on the way, so no end may leave them to a
# NIC that does not exist, nor hand over segments larger than a frame.
offloads=(tx off rx off gso off tso off gro off sg off txvlan off rxvlan off)

topology_names() {
	local suffix=${SLUICE_INSTANCE:+-$SLUICE_INSTANCE}
	ns_esme=sluice-esme$suffix
	ns_smsc=sluice-smsc$suffix
	ns_wire=sluice-wire$suffix
}

in_esme() { ip netns exec "$ns_esme" "$@"; }
in_smsc() { ip netns exec "$ns_smsc" "$@"; }

# For "exec_in NAMESPACE COMMAND &": $! is then the command's own process.
exec_in() { exec ip netns exec "$@"; }

namespace_exists() { [ -e "/run/netns/$1" ]; }

# The namespaces of this instance that are there, if any.
topology_remains() {
	local ns
	for ns in "$ns_esme" "$ns_smsc" "$ns_wire"; do
		if namespace_exists "$ns"; then echo "$ns"; fi
	done
}

namespace_add() {
	local ns=$1
	ip netns add "$ns"
	ip -n "$ns" link set lo up
	ip netns exec "$ns" sysctl -q -w net.ipv6.conf.all.accept_dad=0 \
		net.ipv6.conf.default.accept_dad=0 net.ipv6.conf.default.accept_ra=0
}

# interface_quiet NAMESPACE INTERFACE: what ethtool cannot switch off is not there anyway.
interface_quiet() {
	local i
	for ((i = 0; i < ${#offloads[@]}; i += 2)); do
		ip netns exec "$1" ethtool -K "$2" "${offloads[i]}" "${offloads[i + 1]}" \
			>/dev/null 2>&1 || :
	done
	local left
	local ours='tx-checksumming|(tcp|generic)-segmentation-offload|generic-receive-offload'
	left=$(ip netns exec "$1" ethtool -k "$2" | grep -E "^($ours): on" || :)
	[ -z "$left" ] || die "$1 $2 keeps an offload on: $left"
}

# end_add NAMESPACE WIRE-SIDE-NAME IPV4 IPV6
end_add() {
	ip link add "$2" netns "$ns_wire" type veth peer name eth0 netns "$1"
	interface_quiet "$ns_wire" "$2"
	interface_quiet "$1" eth0
	ip -n "$1" addr add "$3" dev eth0
	ip -n "$1" addr add "$4" dev eth0 nodad
	ip -n "$1" link set eth0 up
	ip -n "$ns_wire" link set "$2" promisc on up
}

# Nothing of an earlier start may be there.
topology_none() {
	local remains
	remains=$(topology_remains)
	[ -z "$remains" ] ||
		die "still there: ${remains//$'\n'/ }; remove with: $(topology_remedy)"
}

topology_up() {
	topology_names
	topology_none
	undo topology_down
	namespace_add "$ns_esme"
	namespace_add "$ns_smsc"
	namespace_add "$ns_wire"
	ip netns exec "$ns_wire" sysctl -q -w net.ipv6.conf.all.disable_ipv6=1 \
		net.ipv6.conf.default.disable_ipv6=1
	end_add "$ns_esme" esme0 10.99.0.1/24 fd99::1/64
	end_add "$ns_smsc" smsc0 10.99.0.2/24 fd99::2/64
}

topology_remedy() {
	if [ -z "${SLUICE_INSTANCE:-}" ]; then
		echo "sudo ./run lab down"
	else
		echo "sudo SLUICE_INSTANCE=$SLUICE_INSTANCE ./run lab down"
	fi
}

# Links first: a namespace that some process still lives in would keep them.
topology_down() {
	topology_names
	local ns
	if namespace_exists "$ns_wire"; then
		ip -n "$ns_wire" link del esme0 2>/dev/null || :
		ip -n "$ns_wire" link del smsc0 2>/dev/null || :
		ip -n "$ns_wire" link del br0 2>/dev/null || :
	fi
	for ns in "$ns_esme-bad" "$ns_smsc-bad" "$ns_esme" "$ns_smsc" "$ns_wire"; do
		if namespace_exists "$ns"; then ip netns del "$ns"; fi
	done
}

# A plain bridge in the data plane's place: the base of what latency we add.
bridge_on() {
	ip -n "$ns_wire" link add br0 type bridge mcast_snooping 0
	ip -n "$ns_wire" link set esme0 master br0
	ip -n "$ns_wire" link set smsc0 master br0
	ip -n "$ns_wire" link set br0 up
}

bridge_off() { ip -n "$ns_wire" link del br0; }
