# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# install: what a fresh Debian 12 lacks, and nothing that is there. Sourced by ../../run.

packages=(
	build-essential meson ninja-build pkg-config
	libdpdk-dev dpdk libhyperscan-dev libjemalloc-dev libcmocka-dev libjansson-dev
	libmicrohttpd-dev libcurl4-openssl-dev libsqlite3-dev libyaml-dev libsodium-dev
	libxxhash-dev libutf8proc-dev libicu-dev libpcap-dev libcmph-dev
	clang clang-tidy clang-format libclang-rt-14-dev shellcheck
	iproute2 ethtool procps python3 unicode-data locales
	libnet-smpp-perl kannel tshark man-db
)

package_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_packages() {
	local package
	for package in "${packages[@]}"; do
		package_installed "$package" || echo "$package"
	done
	# By command: Debian's npm conflicts with the nodejs of other sources.
	command -v node >/dev/null || echo nodejs
	command -v npm >/dev/null || echo npm
}

install_pauses=(10 30) # s: a mirror or a registry may be away for a moment

# again COMMAND...: until it succeeds, thrice at most.
again() {
	local pause
	for pause in "${install_pauses[@]}"; do
		if "$@"; then return 0; fi
		note "\"$1\" failed; once more in $pause s"
		sleep "$pause"
	done
	"$@"
}

# A list that cannot be had may be one that we do not need; who else installs is waited for.
apt_update_install() {
	apt-get update -q || note "apt-get update failed: see above"
	apt-get install -q -y -o DPkg::Lock::Timeout=300 --no-install-recommends "$@"
}

# No package's service may start because we want its program (kannel's does).
apt_install() {
	local policy=/usr/sbin/policy-rc.d
	if [ ! -e $policy ]; then
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
		undo "rm -f $policy"
	fi
	local fresh_kannel=no
	case " $* " in *" kannel "*) fresh_kannel=yes ;; esac
	export DEBIAN_FRONTEND=noninteractive
	again apt_update_install "$@" || return 1
	if [ $fresh_kannel = yes ] && command -v systemctl >/dev/null; then
		systemctl disable kannel >/dev/null 2>&1 || :
	fi
	undo_all
}

install_missing() {
	local missing
	mapfile -t missing < <(missing_packages)
	[ ${#missing[@]} -gt 0 ] || return 0
	[ "$(id -u)" -eq 0 ] ||
		die "not installed: ${missing[*]} (run it once with sudo, which installs them)"
	step "installing ${missing[*]}"
	(undo_at_exit && apt_install "${missing[@]}") || die "apt-get failed: see above"
}

npm_ci() { (cd "$1" && npm ci --no-audit --no-fund --ignore-scripts); }

# The SMPP library of the tests and the demo, in the version of package-lock.json.
install_node_modules() {
	local folder=tests/netns
	if [ -f $folder/node_modules/.package-lock.json ] &&
		[ ! $folder/package-lock.json -nt $folder/node_modules ]; then
		return 0
	fi
	step "npm ci in $folder (node-smpp)"
	again npm_ci $folder || die "npm ci failed: see above"
	hand_back $folder/node_modules
}

# Under sudo, what we make in the checkout belongs to who called.
hand_back() {
	[ -z "${SUDO_UID:-}" ] || chown -R "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$@"
}
