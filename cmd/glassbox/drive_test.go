package main

import (
	"testing"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseDrive(t *testing.T) {
	for _, tc := range []struct {
		in   string
		want driveSpec
	}{
		{"file=a.img", driveSpec{path: "a.img", index: -1}},
		{"file=a,,b.img,format=raw,if=ide", driveSpec{path: "a,b.img", index: -1, open: disk.Options{Format: "raw"}}},
		{"file=a,readonly=on,index=2", driveSpec{path: "a", index: 2, open: disk.Options{ReadOnly: true}}},
		{"file=a,snapshot=on", driveSpec{path: "a", index: -1, open: disk.Options{Snapshot: true}, explicit: true}},
		{"file=a,bus=1,unit=1", driveSpec{path: "a", index: 3}},
		{"file=a,media=cdrom", driveSpec{path: "a", index: -1, cdrom: true}},
		{"media=cdrom,index=3", driveSpec{index: 3, cdrom: true}},
		{"file=a,if=floppy,index=1", driveSpec{path: "a", index: 1, floppy: true}},
		{"file=a,cache=unsafe,serial=X1,id=d", driveSpec{path: "a", index: -1, serial: "X1", open: disk.Options{Unsafe: true}}},
	} {
		got, err := parseDrive(tc.in)
		require.NoError(t, err, tc.in)
		tc.want.option = "-drive"
		assert.Equal(t, tc.want, got, tc.in)
	}
}

func TestParseDriveRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"format=raw":               "names no file",
		"file=a,format=qcow2":      "qemu-img convert",
		"file=a,if=virtio":         "only ide",
		"file=a,if=floppy,index=2": "0 or 1",
		"file=a,media=tape":        "only disk",
		"file=a,index=4":           "0 to 3",
		"file=a,readonly=maybe":    "on or off",
		"file=a,cache=directsyn":   "writeback",
		"file=a,colour=red":        "colour",
		"a.img":                    "unknown key",
	} {
		_, err := parseDrive(in)
		assert.ErrorContains(t, err, want, in)
	}
}

func TestPlaceFillsFreePositions(t *testing.T) {
	drives := []driveSpec{{path: "a", index: -1}, {path: "b", index: 0}, {path: "c", index: -1}}
	placed, err := place(drives)
	require.NoError(t, err)
	assert.Equal(t, "b", placed[0].path)
	assert.Equal(t, "a", placed[1].path)
	assert.Equal(t, "c", placed[2].path)
	assert.Nil(t, placed[3])
}

func TestPlaceRefusesConflicts(t *testing.T) {
	_, err := place([]driveSpec{{path: "a", index: 1}, {path: "b", index: 1}})
	assert.ErrorContains(t, err, "hdb is taken by a")
	_, err = place([]driveSpec{{index: -1}, {index: -1}, {index: -1}, {index: -1}, {path: "e", index: -1}})
	assert.ErrorContains(t, err, "all four")
}

func TestPlaceCDsAndFloppies(t *testing.T) {
	placed, err := place([]driveSpec{
		{path: "cd", index: -1, cdrom: true}, {path: "b", index: 1, floppy: true}, {path: "a", index: -1, floppy: true}, {path: "disk", index: -1},
	})
	require.NoError(t, err)
	var got []string
	for _, d := range placed {
		if d == nil {
			got = append(got, "")
			continue
		}
		got = append(got, d.path)
	}
	assert.Equal(t, []string{"disk", "", "cd", "", "a", "b"}, got)
}
