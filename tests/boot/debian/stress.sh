#!/bin/sh
# stress.sh SECONDS [PERCENT]: six kinds of load at once, which check what they compute. They
# get all processors, or PERCENT of the time of one, so that the host has less to do.
if [ -n "${2:-}" ]; then
	cgroup=/sys/fs/cgroup/stress
	echo +cpu >/sys/fs/cgroup/cgroup.subtree_control
	mkdir -p $cgroup
	echo "${2}000 100000" >$cgroup/cpu.max
	echo $$ >$cgroup/cgroup.procs
fi
stress-ng --verify --cpu 1 --vm 1 --vm-bytes 32M --fork 1 --pipe 1 --futex 1 --timer 1 --timeout "${1}s" --metrics-brief
echo "stress status $?"
