# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# build: the build folders of the checkout. Sourced by ../../run.

build_targets=() # none: everything
programs=(dataplane/sluice-dataplane control/sluice-control control/sluicectl
	tests/unit/crash/crash-control tests/unit/crash/crash-dataplane)

# build_folder FOLDER COMPILER [MESON ARGUMENTS]: set it up once, then bring it up to date.
build_folder() {
	local folder=$1 compiler=$2
	shift 2
	if [ ! -f "$folder/build.ninja" ]; then
		step "setting up $folder ($compiler $*)"
		if ! CC=$compiler meson setup "$folder" . "$@" >"$folder.log" 2>&1; then
			cat "$folder.log" >&2
			rm -rf "$folder" "$folder.log"
			return 1
		fi
		mv "$folder.log" "$folder/setup.log"
	fi
	build_notice_folders "$folder" || return 1
	step "building $folder with $compiler"
	ninja --quiet -C "$folder" "${build_targets[@]}" || return 1
	hand_back "$folder"
}

# Modules are picked up when their meson.build exists, which ninja cannot notice.
build_notice_folders() {
	local list
	list=$(find dataplane control tests/unit tests/fuzz bench -name meson.build | sort)
	if [ -f "$1/folders" ] && [ "$list" != "$(cat "$1/folders")" ]; then
		meson setup --reconfigure "$1" . >"$1/setup.log" || return 1
	fi
	printf '%s\n' "$list" >"$1/folders"
}

# shellcheck disable=SC2034,SC2054 # used by who sources this; the comma is the compiler's
sanitizer_arguments=(-Db_sanitize=address,undefined -Db_lundef=false
	-Ddebug_checks=true --buildtype=debugoptimized)

# shellcheck disable=SC2034 # the same
thread_arguments=(-Db_sanitize=thread -Db_lundef=false -Ddebug_checks=true
	--buildtype=debugoptimized -Doptimization=1)

# What runs, without the tests: for the demo and the lab.
build_programs() {
	build_targets=("${programs[@]}")
	build_folder build gcc || die "the build fails: see above"
}
