# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# fuzz: every fuzzer for its time, under ASan and UBSan. Sourced by ../../run.

fuzz_names() {
	find tests/fuzz -name '*_fuzz.c' -printf '%f\n' | sed 's/_fuzz\.c$//' | sort
}

# The closing figures of libFuzzer's log: executions, a second, edges covered.
fuzz_figures() {
	awk '/^#[0-9]+/ { for (i = 2; i < NF; i++) if ($i == "cov:") edges = $(i + 1) }
	     /stat::number_of_executed_units/ { runs = $2 }
	     /stat::average_exec_per_sec/ { rate = $2 }
	     END { printf "%9d runs, %6d a second, %5d edges", runs, rate, edges }' "$1"
}

# fuzz_one NAME SECONDS: new finds go to the build folder, never to the tree.
fuzz_one() {
	local name=$1 seconds=$2 program=build-fuzz/tests/fuzz/fuzz_$1
	local seeds=tests/fuzz/corpus/$name work=build-fuzz/work/$name
	mkdir -p "$work/corpus"
	if [ -z "$(find "$seeds" -type f -print -quit 2>/dev/null)" ]; then
		note "$name: FAILED: no seeds in $seeds"
		return 1
	fi
	local limit=(-max_total_time="$seconds")
	[ "$seconds" -gt 0 ] || limit=(-runs=0)
	local TIMEFORMAT=%U # on a busy machine the clock says little of the search
	limit+=(-timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$work/")
	if ! { time "$program" "${limit[@]}" "$work/corpus" "$seeds" >"$work/log" 2>&1; } \
		2>"$work/seconds"; then
		note "$name: FAILED; the input is in $work, the log in $work/log:"
		tail -n 25 "$work/log"
		return 1
	fi
	note "$(printf '%-11s' "$name") $(fuzz_figures "$work/log")," \
		"$(cat "$work/seconds") s of a core"
}

fuzz() {
	local seconds=60 names=() failed=0 passed=0 name
	while [ $# -gt 0 ]; do
		case $1 in
		--seconds)
			need_number "fuzz: --seconds" "${2:-}"
			seconds=$2
			shift
			;;
		--corpus) seconds=0 ;;
		-*) misused "fuzz: no option \"$1\"" ;;
		*) names+=("$1") ;;
		esac
		shift
	done
	install_missing
	[ ${#names[@]} -gt 0 ] || mapfile -t names < <(fuzz_names)
	# shellcheck disable=SC2034 # of build.sh
	build_targets=("${names[@]/#/tests/fuzz/fuzz_}")
	build_folder build-fuzz clang -Dfuzz=true "${sanitizer_arguments[@]}" ||
		die "the fuzzers do not build"
	step "${#names[@]} fuzzers, $seconds s each"
	for name in "${names[@]}"; do
		if fuzz_one "$name" "$seconds"; then
			passed=$((passed + 1))
		else
			failed=$((failed + 1))
		fi
	done
	hand_back build-fuzz
	printf '%d passed, %d failed\n' "$passed" "$failed"
	[ "$failed" -eq 0 ]
}
