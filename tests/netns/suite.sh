# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# suite: `run test`: both compilers, sanitizers, seeds, namespaces. Sourced by ../../run.

suite_passed=0
suite_failed=0
suite_skipped=0

suite_add() {
	suite_passed=$((suite_passed + $1))
	suite_failed=$((suite_failed + $2))
	suite_skipped=$((suite_skipped + $3))
	note "$1 passed, $2 failed, $3 skipped"
}

# suite_meson FOLDER [MESON TEST ARGUMENTS]: tally.py reads what it wrote.
suite_meson() {
	local folder=$1 counts status=0
	shift
	rm -f "$folder/meson-logs/testlog.json"
	# What is too slow was measured on a machine that may be faster than this one.
	meson test -C "$folder" --no-rebuild --print-errorlogs --timeout-multiplier 4 "$@" ||
		status=$?
	counts=$(python3 tests/netns/tally.py "$folder/meson-logs/testlog.json") || status=1
	# shellcheck disable=SC2086 # three numbers
	suite_add ${counts:-0 1 0}
	# Never a good end when meson says otherwise, whatever the log holds.
	[ $status -eq 0 ] || [ "$(echo "$counts" | cut -d' ' -f2)" != 0 ] || suite_add 0 1 0
	hand_back "$folder"
}

suite_build() {
	if ! build_folder "$@"; then
		note "FAILED: $1 does not build"
		suite_add 0 1 0
		return 1
	fi
	suite_add 1 0 0
}

suite_ends() {
	step "done in $SECONDS s"
	if [ "${CI:-}" = true ] && [ $suite_skipped -gt 0 ]; then
		note "CI: the $suite_skipped skipped count as failed"
		suite_failed=$((suite_failed + suite_skipped))
		suite_skipped=0
	fi
	printf '%d passed, %d failed, %d skipped\n' $suite_passed $suite_failed $suite_skipped
	[ $suite_failed -eq 0 ] && [ $suite_passed -gt 0 ]
}

suite_quick() {
	if suite_build build gcc; then
		step "unit tests (gcc)"
		suite_meson build --suite unit
	fi
	suite_ends
}

# A sample of the planted defects; `run sim --plants` has them all.
suite_plants() {
	step "every third planted defect is caught by the simulation"
	if (sim_plants --every 3); then suite_add 1 0 0; else suite_add 0 1 0; fi
}

# End to end: in a shell of its own, so that its traps and its faults stay there.
# suite_namespaces [BUILD-FOLDER CASES]
suite_namespaces() {
	local file=${1:-build}/counts three
	: >"$file"
	(
		[ $# -eq 0 ] || export SLUICE_BUILD=$here/$1
		. tests/netns/e2e.sh
		e2e "$file" "${2:-e2e_cases}"
	) || note "the end-to-end part ended with status $?"
	three=$(cat "$file")
	# shellcheck disable=SC2086 # three numbers, or a failure when it died before it counted
	suite_add ${three:-0 1 0}
}

suite_lint() {
	. tests/lint/lint.sh
	lint_quick
	suite_add "$lint_passed" "$lint_failed" 0
}

suite_interrupts() {
	local file=build/counts three
	: >"$file"
	python3 tests/netns/interrupt.py "$file" || :
	three=$(cat "$file")
	# shellcheck disable=SC2086 # three numbers, or a failure when it died before it counted
	suite_add ${three:-0 1 0}
}

# The end-to-end part alone, for who works on it.
suite_e2e() {
	local folder=build cases=e2e_cases
	# shellcheck disable=SC2034 # of build.sh
	build_targets=("${programs[@]}" tests/netns/jumping_clock.so)
	install_missing
	install_node_modules
	case ${1:-} in
	--sanitized)
		folder=build-asan cases=e2e_sanitized_cases
		build_targets=("${programs[@]}")
		shift
		build_folder $folder clang "${sanitizer_arguments[@]}" || die "the build fails"
		;;
	-*) misused "e2e: no option \"$1\"" ;;
	*) build_folder $folder gcc || die "the build fails" ;;
	esac
	export SLUICE_CASE=${1:-}
	step "end to end, daemons of $folder"
	suite_namespaces $folder $cases
	suite_ends
}

# ThreadSanitizer over the programs where threads meet, and over both daemons at work. No
# suppressions; how DPDK's own library does not blind it: tests/threads/visible_pool.c.
suite_threads() {
	# shellcheck disable=SC2034 # of build.sh
	local build_targets=(threaded tests/threads/visible_pool.so "${programs[@]}")
	suite_build build-tsan clang "${thread_arguments[@]}" || return 0
	step "threads under TSan: unit programs"
	suite_meson build-tsan --suite threads
	step "threads under TSan: both daemons at work"
	SLUICE_POOL=$here/build-tsan/tests/threads/visible_pool.so \
		suite_namespaces build-tsan e2e_threads_cases
}

suite_tsan() {
	install_missing
	install_node_modules
	suite_threads
	suite_ends
}

suite() {
	case ${1:-} in
	'') ;;
	--quick)
		install_missing
		suite_quick
		return
		;;
	*) misused "test: no option \"$1\"" ;;
	esac
	need_root test
	install_missing
	install_node_modules
	if suite_build build gcc; then
		step "the quick parts of lint"
		suite_lint
		step "every test but the namespaces (gcc)"
		suite_meson build
		suite_plants
	fi
	# For its warnings and another code generator: not for speed.
	if suite_build build-clang clang -Doptimization=1; then
		step "unit tests (clang)"
		suite_meson build-clang --suite unit --no-suite quality
	fi
	if suite_build build-asan clang "${sanitizer_arguments[@]}"; then
		step "unit tests, scenarios and seeds under ASan and UBSan"
		suite_meson build-asan
		step "end to end, with the daemons under ASan and UBSan"
		suite_namespaces build-asan e2e_sanitized_cases
	fi
	suite_threads
	step "Ctrl-C, and starts on top of what stands"
	suite_interrupts
	step "end to end, in network namespaces"
	suite_namespaces
	suite_ends
}
