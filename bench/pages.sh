# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# pages: huge pages for as long as a bench runs. Sourced by ../run.

pages_file=/proc/sys/vm/nr_hugepages

# borrow_pages N: the machine has N pages of 2 MiB, or as many as it can give, until this shell
# ends. Nothing is done without root, or where there are as many; what the bench then finds
# it says itself.
borrow_pages() {
	local had
	had=$(cat $pages_file 2>/dev/null) || return 0
	[ -w $pages_file ] && [ "$had" -lt "$1" ] || return 0
	# shellcheck disable=SC2064 # what they were before
	trap "echo $had >$pages_file" EXIT
	echo "$1" 2>/dev/null >$pages_file || true
}
