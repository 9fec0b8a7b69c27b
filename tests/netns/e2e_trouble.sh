# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# e2e_trouble: cases of what is around the daemons: the clock, old files, a full disk. Sourced.

# with_daemons DATA_PLANE CONTROL COMMAND...: these in place of those that are tested else.
with_daemons() {
	local status=0 shipped_data_plane=$data_plane shipped_control=$control
	control_stop
	data_plane_stop
	data_plane=$1 control=$2
	shift 2
	data_plane_start && control_start && wait_for 10 "control to reattach" ctl_attached &&
		"$@" || status=1
	control_stop
	data_plane_stop
	data_plane=$shipped_data_plane control=$shipped_control
	data_plane_start && control_start || status=1
	return $status
}

# by_our_clock PROGRAM: the name of one that is the same under the clock of $work/clock.
by_our_clock() {
	local script
	script=$work/by-$(basename "$1")
	cat >"$script" <<SCRIPT
#!/bin/sh
export LD_PRELOAD=$build/tests/netns/jumping_clock.so SLUICE_CLOCK=$work/clock
exec $1 "\$@"
SCRIPT
	chmod 700 "$script"
	echo "$script"
}

case_clock() {
	head -c 8 /dev/zero >"$work/clock"
	with_daemons "$(by_our_clock "$data_plane")" "$(by_our_clock "$control")" \
		python3 tests/netns/clock.py "$ns_esme" "$ns_smsc" "$sluicectl" \
		"$control_socket" "$work/clock"
}

# Sanctions while the journal has no room; then the data plane alone, from its disk.
full_disk() {
	python3 tests/netns/disk.py act "$ns_esme" "$ns_smsc" "$sluicectl" "$control_socket" \
		"$run_dir/disk" || return 1
	control_kill
	data_plane_kill
	data_plane_start && python3 tests/netns/disk.py check "$ns_esme" "$ns_smsc" || return 1
	control_start && wait_for 10 "control to reattach" ctl_attached &&
		python3 tests/netns/disk.py end "$sluicectl" "$control_socket"
}

disk_remove() { umount "$run_dir/disk" 2>/dev/null || :; }

case_full_disk() {
	local status=0 large=$image_file
	data_plane_stop
	mkdir -p "$run_dir/disk"
	mount -t tmpfs -o size=256k tmpfs "$run_dir/disk" || return 1
	undo disk_remove
	image_file=$run_dir/disk/last.image
	stack_settings
	data_plane_start && wait_for 10 "control to reattach" ctl_attached &&
		wait_for 10 "the image on its disk" test -s "$image_file" && full_disk ||
		status=1
	data_plane_stop
	disk_remove
	image_file=$large
	stack_settings
	data_plane_start && wait_for 10 "control to reattach" ctl_attached || status=1
	return $status
}

store() { python3 tests/netns/old_store.py "$@"; }

# What an older version wrote is all there, and enforced; what a newer one did is left alone.
case_old_store() {
	e2e_shared || return
	local registry=$run_dir/registry.sqlite part was
	ctl suspend sender 010-0000-0102 && ctl block sender 010-9999-0001 || return 1
	control_stop
	store counts "$registry" "$run_dir/audit" >"$work/before" &&
		store old "$registry" "$run_dir/audit" || return 1
	control_start && wait_for 10 "control to reattach" ctl_attached || return 1
	store counts "$registry" "$run_dir/audit" >"$work/after"
	diff "$work/before" "$work/after" || return 1
	ctl audit --limit 5 && ctl rules versions || return 1
	sed 's/^010-0000-0102,hanbit,certified/010-0000-0102,hanbit,suspended/' \
		tests/scenario/senders.csv >"$work/senders.csv"
	cp tests/scenario/accounts.csv "$work/"
	plan_make --seed 91 --registry "$work" --limit 300 &&
		traffic js js 10.99.0.2 250 || return 1
	ctl lift sender 010-0000-0102 && ctl unblock sender 010-9999-0001 || return 1
	for part in "$registry" "$registry-sanctions"; do
		control_stop
		was=$(store version "$part" 99)
		"$control" --database "$registry" --socket "$control_socket" \
			--link "$link_socket" --report "$report_file" >"$work/newer" 2>&1 &&
			return 1
		grep 'run the newer version' "$work/newer" || return 1
		store version "$part" "$was" >/dev/null
	done
	control_start && wait_for 10 "control to reattach" ctl_attached
}
