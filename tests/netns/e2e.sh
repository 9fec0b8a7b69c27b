# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# e2e: real clients and servers with the daemons between them. Sourced by suite.sh.
#
# Each case is judged by compare.py from captures at both ends: see its first lines.

. tests/netns/capture.sh
. tests/netns/ends.sh
. tests/netns/impaired.sh
. tests/netns/e2e_case.sh
. tests/netns/e2e_trouble.sh

e2e_passed=0
e2e_failed=0
e2e_skipped=0
e2e_only=${SLUICE_CASE:-}

# e2e_case NAME FUNCTION [ARGUMENTS]: what it says is shown when it fails.
e2e_case() {
	local name=$1 began=$SECONDS status=0
	shift
	case $name in *"$e2e_only"*) ;; *) return 0 ;; esac
	work=$e2e_work/$(printf '%s' "$name" | tr -c 'a-zA-Z0-9' '_')
	mkdir -p "$work"
	e2e_ensure >"$work/said" 2>&1 || status=1
	if [ $status -eq 0 ]; then "$@" >>"$work/said" 2>&1 || status=$?; fi
	server_stop
	client_stop
	capture_stop >>"$work/said" 2>&1 || status=1
	case $status in
	0)
		e2e_passed=$((e2e_passed + 1))
		note "ok      $name ($((SECONDS - began)) s)"
		rm -rf "$work"
		;;
	77)
		e2e_skipped=$((e2e_skipped + 1))
		note "skipped $name: $(tail -n 1 "$work/said")"
		;;
	*)
		e2e_failed=$((e2e_failed + 1))
		note "FAILED  $name ($((SECONDS - began)) s); its files are in $work"
		head -n 40 "$work/said"
		;;
	esac
}

# A case may have left a daemon dead: the next one is not to suffer for it.
e2e_ensure() {
	if ! process_alive "$data_plane_pid"; then data_plane_start || return 1; fi
	if ! process_alive "$control_pid"; then control_start || return 1; fi
}

e2e_shared() {
	if [ -d "$SLUICE_SHARED/data/corpora" ]; then return 0; fi
	echo "$SLUICE_SHARED/data/corpora is missing"
	return 77
}

e2e_start() {
	SLUICE_INSTANCE=${SLUICE_INSTANCE:-t$$}
	stack_names
	local program
	for program in "$data_plane" "$control" "$sluicectl"; do
		[ -x "$program" ] || die "$program is not there: the build has failed"
	done
	e2e_work=$(mktemp -d "/tmp/sluice-e2e-$SLUICE_INSTANCE.XXXXXX")
	undo e2e_clean
	topology_up
	stack_dir_make
	stack_settings
	data_plane_start && control_start && stack_seed tests/scenario/rules.yaml
}

# A trace for who looks into a failure; nothing is left behind by a run that passed.
e2e_keep() {
	if [ $e2e_failed -gt 0 ]; then
		cp "$run_dir"/*.log "$e2e_work/" 2>/dev/null || :
		note "logs of the daemons are in $e2e_work"
	fi
}

e2e_clean() { [ $e2e_failed -gt 0 ] || rm -rf "$e2e_work"; }

# What a sanitizer says goes to the daemons' logs, and ends them: no case may hide it.
e2e_sanitized_log() {
	local said
	process_stop "$control_pid"
	process_stop "$data_plane_pid"
	said=$(grep -hE '(ERROR|WARNING): [A-Za-z]+Sanitizer|runtime error:' \
		"$run_dir"/*.log || :)
	control_pid='' data_plane_pid=''
	[ -n "$said" ] || return 0
	e2e_failed=$((e2e_failed + 1))
	note "FAILED  a sanitizer speaks: $(head -n 3 <<<"$said")"
}

e2e() {
	local counts=$1 cases=$2
	undo_at_exit
	export ASAN_OPTIONS=detect_leaks=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1
	# DPDK's PMDs copy frames with the C library's memcpy(), whose order against a worker's
	# next use (the buffer's reference count) is in code that TSan does not see.
	export TSAN_OPTIONS=ignore_noninstrumented_modules=1:second_deadlock_stack=1
	e2e_start
	"$cases"
	e2e_sanitized_log
	e2e_keep
	echo "$e2e_passed $e2e_failed $e2e_skipped" >"$counts"
	[ $e2e_failed -eq 0 ]
}
