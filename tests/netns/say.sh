# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# say: what the scripts tell people, and how they give up. Sourced by ../../run.

step() { printf '\n== %4d s  %s\n' "$SECONDS" "$*"; }
note() { printf '   %s\n' "$*"; }

die() {
	printf 'run: %s\n' "$*" >&2
	exit 1
}

# misused WHAT: the arguments are wrong; 2, as wherever a command line is.
misused() {
	printf 'run: %s\n' "$*" >&2
	exit 2
}

need_root() {
	[ "$(id -u)" -eq 0 ] ||
		die "this makes network namespaces and installs packages: sudo ./run $1"
}

# need_number OPTION TEXT: decimal digits.
need_number() {
	case ${2:-} in
	'' | *[!0-9]* | 0?*) misused "$1 needs a number" ;;
	esac
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds, at most so long.
wait_for() {
	local tenths=$(($1 * 10)) what=$2
	shift 2
	while ! "$@" >/dev/null 2>&1; do
		if [ "$tenths" -le 0 ]; then
			printf 'run: waited in vain for %s\n' "$what" >&2
			return 1
		fi
		tenths=$((tenths - 1))
		sleep 0.1
	done
}

# Things to undo, last first, whatever ends the script.
undo_list=()
undo() { undo_list=("$1" "${undo_list[@]}"); }

undo_nothing() { undo_list=(); }

undo_all() {
	local list=("${undo_list[@]}") action
	undo_list=()
	for action in "${list[@]}"; do
		$action || :
	done
}

# Errors, Ctrl-C and the ordinary end all pass here. Nothing may interrupt what is undone: a
# second Ctrl-C, nor bash itself, which can see one twice (from the terminal, and from the
# command that died of it).
undo_at_exit() {
	trap 'trap "" INT TERM HUP; undo_all' EXIT
	trap 'trap "" INT TERM HUP; exit 130' INT
	trap 'trap "" INT TERM HUP; exit 143' TERM HUP
}
