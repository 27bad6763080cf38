package main

import (
	"testing"

	"github.com/glassbox-vm/glassbox/machine"
	"github.com/stretchr/testify/assert"
)

func TestSMP(t *testing.T) {
	for value, want := range map[string]int{
		"": 0, "1": 1, "4": 4, "cpus=4": 4, "4,sockets=2": 4, "4,cores=2": 4, "sockets=2,cores=2,threads=2": 8,
		"cpus=4,sockets=1,cores=2,threads=2": 4, "2,maxcpus=2": 2, "255": 255,
	} {
		var cfg machine.Config
		assert.NoError(t, parseSMP(value, &cfg), value)
		assert.Equal(t, want, cfg.CPUs, value)
	}
	for _, value := range []string{"0", "x", "-1", "256", "4,cores=3", "4,maxcpus=8", "4,dies=2", "4,books=1", "sockets=16,cores=16", "4,4"} {
		var cfg machine.Config
		assert.Error(t, parseSMP(value, &cfg), value)
	}
}
