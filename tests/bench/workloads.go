//go:build linux

package main

import (
	"fmt"
	"strings"
)

// A class groups workloads that strain the same part of an emulator.
type class string

const (
	classInteger class = "integer"
	classMemory  class = "memory"
	classFloat   class = "float"
	classKernel  class = "kernel"
	classBusyBox class = "busybox"
	classBoot    class = "boot"
	classSetup   class = "setup"    // needed by others, not reported
	classFixed   class = "overhead" // reported, but part of no mean
)

// bootName is the workload that every run has: the way to the first process.
const bootName = "boot"

// A workload is a program in programs/, or a shell script for BusyBox. It gets the number
// of repetitions as its argument.
type workload struct {
	Name   string
	Class  class
	Reps   int // about half a second under QEMU on a 2.5 GHz Xeon
	Script string
	Needs  string // name of a setup workload that must run before
}

// workloads is what there is to run, in order.
var workloads = []workload{
	{Name: "empty", Class: classFixed, Reps: 1},
	{Name: "sieve", Class: classInteger, Reps: 50},
	{Name: "sha256", Class: classInteger, Reps: 14},
	{Name: "crc32", Class: classInteger, Reps: 30},
	{Name: "quicksort", Class: classInteger, Reps: 24},
	{Name: "strings", Class: classInteger, Reps: 120},
	{Name: "interpreter", Class: classInteger, Reps: 60},
	{Name: "calls", Class: classInteger, Reps: 500},
	{Name: "muldiv", Class: classInteger, Reps: 24000},
	{Name: "chase", Class: classMemory, Reps: 30},
	{Name: "memcpy", Class: classMemory, Reps: 15000},
	{Name: "repmovs", Class: classMemory, Reps: 3000},
	{Name: "nbody", Class: classFloat, Reps: 300},
	{Name: "matmul", Class: classFloat, Reps: 30},
	{Name: "x87", Class: classFloat, Reps: 60000},
	{Name: "getpid", Class: classKernel, Reps: 1000},
	{Name: "pingpong", Class: classKernel, Reps: 100},
	{Name: "forkexec", Class: classKernel, Reps: 500},
	{Name: "pagefaults", Class: classKernel, Reps: 60},
	{Name: "smc", Class: classKernel, Reps: 60},
	{Name: "textfile", Class: classSetup, Reps: 512},
	{Name: "gzip", Class: classBusyBox, Reps: 4, Needs: "textfile", Script: `
for i in $(busybox seq $1); do
	busybox gzip </tmp/data >/tmp/data.gz || exit 1
	busybox gunzip </tmp/data.gz | busybox cmp - /tmp/data || exit 1
done
busybox md5sum </tmp/data.gz
`},
	{Name: "sort", Class: classBusyBox, Reps: 6, Needs: "textfile", Script: `
for i in $(busybox seq $1); do
	busybox sort </tmp/data >/tmp/sorted && busybox sort -c /tmp/sorted || exit 1
done
busybox md5sum </tmp/sorted
`},
	{Name: "awk", Class: classBusyBox, Reps: 1, Needs: "textfile", Script: `
busybox awk -v n=$1 'BEGIN {
	for (k = 0; k < n; k++) {
		words = 0
		while ((getline line < "/tmp/data") > 0) {
			m = split(line, word, " ")
			for (i = 1; i <= m; i++) { seen[substr(word[i], 1, 2)]++; words++ }
		}
		close("/tmp/data")
	}
	for (w in seen) sum += seen[w]
	print words, sum
	exit sum != n * words
}'
`},
	{Name: "shell", Class: classBusyBox, Reps: 25, Script: `
n=$(($1 * 1000)) i=0 sum=0
while [ $i -lt $n ]; do
	i=$((i + 1))
	case $i in *7) ;; *) sum=$((sum + i)) ;; esac
done
echo $sum
[ $sum = $((n * (n + 1) / 2 - n / 10 * (n + 4) / 2)) ]
`},
}

// choose returns the workloads with the given names, all of them when there are none,
// together with what they need, and with the repetitions multiplied by scale.
func choose(names []string, scale float64) ([]workload, error) {
	wanted := map[string]bool{}
	for _, name := range names {
		w, ok := find(name)
		if !ok && name != bootName {
			return nil, fmt.Errorf("no workload %q; there are %s", name, strings.Join(workloadNames(), ", "))
		}
		wanted[name] = true
		wanted[w.Needs] = true
	}
	var chosen []workload
	for _, w := range workloads {
		if len(names) > 0 && !wanted[w.Name] && w.Class != classFixed {
			continue
		}
		if w.Class != classSetup {
			w.Reps = max(1, int(float64(w.Reps)*scale))
		}
		chosen = append(chosen, w)
	}
	return chosen, nil
}

func find(name string) (workload, bool) {
	for _, w := range workloads {
		if w.Name == name {
			return w, true
		}
	}
	return workload{}, false
}

func workloadNames() []string {
	names := []string{bootName}
	for _, w := range workloads {
		if w.Class != classSetup {
			names = append(names, w.Name)
		}
	}
	return names
}
