package main

import (
	"strconv"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/opt"
	"github.com/glassbox-vm/glassbox/machine"
)

// parseSMP reads the value of -smp as in QEMU: [cpus=]N and how they are arranged,
// sockets=, cores= and threads=, of which each may be left out.
func parseSMP(value string, cfg *machine.Config) error {
	if value == "" {
		return nil
	}
	pairs, err := opt.Parse(value, "cpus")
	if err != nil {
		return usagef("-smp: %w", err)
	}
	n := map[string]int{"cpus": 0, "maxcpus": 0, "sockets": 0, "dies": 1, "clusters": 1, "cores": 0, "threads": 1}
	for _, p := range pairs {
		v, err := strconv.Atoi(p.Value)
		if _, known := n[p.Key]; !known {
			return usagef("-smp %s: unknown key %q; there are cpus, sockets, cores, threads", value, p.Key)
		}
		if err != nil || v < 1 || v > machine.MaxCPUs {
			return usagef("-smp %s: want numbers from 1 to %d", value, machine.MaxCPUs)
		}
		n[p.Key] = v
	}
	cpus, sockets, cores := n["cpus"], n["sockets"], n["cores"]
	switch {
	case cpus == 0:
		sockets, cores = max(sockets, 1), max(cores, 1)
		cpus = sockets * cores * n["threads"]
	case cores == 0:
		sockets = max(sockets, 1)
		cores = cpus / sockets / n["threads"]
	case sockets == 0:
		sockets = cpus / cores / n["threads"]
	}
	switch {
	case cpus > machine.MaxCPUs:
		return usagef("-smp %s: %d processors; at most %d", value, cpus, machine.MaxCPUs)
	case n["dies"] > 1 || n["clusters"] > 1:
		return usagef("-smp %s: there is one die and one cluster to a socket", value)
	case sockets*cores*n["threads"] != cpus:
		return usagef("-smp %s: sockets × cores × threads is not the number of processors", value)
	case n["maxcpus"] != 0 && n["maxcpus"] != cpus:
		return usagef("-smp %s: processors cannot be added later, so maxcpus is cpus", value)
	}
	cfg.CPUs, cfg.Cores, cfg.Threads = cpus, cores, n["threads"]
	return nil
}
