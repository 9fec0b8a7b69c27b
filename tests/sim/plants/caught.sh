#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# caught.sh SIM NAME: the simulation must fail (an abort is a failure too) within the seeds.
set -u
output=$(timeout 250 "$1" --seeds 6000 --first 2>&1)
status=$?
printf '%s\n' "$output" | tail -3
if [ $status -eq 0 ] || [ $status -eq 124 ] || [ $status -eq 2 ]; then
	echo "$2: planted, and not caught (status $status)"
	exit 1
fi
echo "$2: caught"
