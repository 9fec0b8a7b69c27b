#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# caught.sh SIM NAME: the simulation must fail (an abort is a failure too) within the seeds.
# The last line says which seed caught it.
set -u
output=$(timeout 250 "$1" --seeds 6000 --first 2>&1)
status=$?
printf '%s\n' "$output" | tail -3
if [ $status -eq 0 ] || [ $status -eq 124 ] || [ $status -eq 2 ]; then
	echo "$2: planted, and not caught (status $status)"
	exit 1
fi
seed=$(printf '%s\n' "$output" | sed -n 's/^\(seed [0-9]*\): .*/\1/p' | head -n 1)
echo "$2: caught by ${seed:-its own abort, status $status}"
