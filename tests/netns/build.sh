# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# build: the build folders of the checkout. Sourced by ../../run.

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
	step "building $folder with $compiler"
	ninja --quiet -C "$folder" || return 1
	hand_back "$folder"
}

sanitizer_arguments=(-Db_sanitize=address,undefined -Db_lundef=false
	-Ddebug_checks=true --buildtype=debugoptimized)
