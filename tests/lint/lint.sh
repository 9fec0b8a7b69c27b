# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# lint: what can be checked without running anything. Sourced by ../../run.

lint_passed=0
lint_failed=0

# lint_part NAME COMMAND...: its output only if it has something to say.
lint_part() {
	local name=$1 out status=0 began=$SECONDS
	shift
	out=$("$@" 2>&1) || status=$?
	if [ $status -eq 0 ]; then
		lint_passed=$((lint_passed + 1))
		note "ok      $name ($((SECONDS - began)) s)"
	else
		lint_failed=$((lint_failed + 1))
		note "FAILED  $name"
		printf '%s\n' "$out" | sed 's/^/        /;200q' || :
	fi
}

our_c() { find dataplane control tests bench -name '*.c' -not -path '*/node_modules/*'; }
our_shell() {
	echo run
	echo .ci/run
	find tests bench -name '*.sh' -not -path '*/node_modules/*'
}

# One line a file: `clang-format -i FILE` shows and mends the rest.
lint_format() {
	local formatter file places bad=0
	formatter=$(command -v clang-format-14 || command -v clang-format)
	for file in $(our_c); do
		places=$("$formatter" --dry-run "$file" 2>&1 | grep -c ': code should' || :)
		[ "$places" -eq 0 ] || { bad=1 && echo "$file: $places places differ"; }
	done
	return $bad
}

# Generated sources and other people's headers are not ours to judge.
lint_tidy() {
	local tidy
	tidy=$(command -v clang-tidy-14 || command -v clang-tidy)
	python3 tests/lint/tidy.py "$tidy" build
}

# SC2154: names that a sibling, sourced before, has set.
lint_shell() { our_shell | xargs shellcheck -x -e SC2154; }
# Rendered as man would, and man has nothing to say about them.
lint_manuals() {
	local page said
	for page in build/control/*.[18]; do
		said=$(MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null) || return 1
		[ -z "$said" ] || { echo "$page: $said" && return 1; }
		command -v mandoc >/dev/null || continue # a second opinion, where there is one
		mandoc -Tlint -Wwarning "$page" || return 1
	done
	python3 tests/lint/options.py build
}
lint_perl() { perl -c tests/netns/smpp_client.pl && perl -c tests/netns/smpp_server.pl; }

lint_node() {
	local file
	for file in tests/netns/*.js; do node --check "$file"; done
}

lint_python() {
	find tests -name '*.py' -not -path '*/node_modules/*' -print0 |
		PYTHONDONTWRITEBYTECODE=1 xargs -0 python3 -c '
import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path, encoding="utf-8").read(), path)'
}

# What takes seconds; manual pages need a build.
lint_quick() {
	lint_part "shape (sizes, SPDX, dependencies)" python3 tests/lint/shape.py
	lint_part "links and tests that documents name" python3 tests/lint/links.py
	lint_part "manual pages" lint_manuals
	lint_part "shellcheck" lint_shell
	lint_part "perl -c" lint_perl
	lint_part "node --check" lint_node
	lint_part "python syntax" lint_python
}

lint() {
	local quick=no
	case ${1:-} in
	'') ;;
	--quick) quick=yes ;;
	*) misused "lint: no option \"$1\"" ;;
	esac
	install_missing
	build_folder build gcc || die "clang-tidy needs a build, and it fails: see above"
	step "lint"
	lint_quick
	if [ $quick = no ]; then
		lint_part "clang-format" lint_format
		lint_part "clang-tidy" lint_tidy
	fi
	printf '%d passed, %d failed\n' $lint_passed $lint_failed
	[ $lint_failed -eq 0 ]
}
