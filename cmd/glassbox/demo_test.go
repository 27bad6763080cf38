package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/cpio"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInitrdHoldsWhatInitNeeds(t *testing.T) {
	modules := fstest.MapFS{"modules.builtin": {Data: []byte("kernel/a/ata_piix.ko\nkernel/b/sd_mod.ko\nkernel/c/ext4.ko\n")}}
	archive, err := buildInitrd(modules, []byte("box"))
	require.NoError(t, err)
	entries, err := cpio.Read(archive)
	require.NoError(t, err)
	found := map[string]cpio.Entry{}
	for _, e := range entries {
		found[e.Name] = e
	}
	assert.Equal(t, uint32(cpio.TypeRegular|0o755), found["init"].Mode)
	assert.Equal(t, "box", string(found["bin/busybox"].Data))
	assert.Equal(t, [2]uint32{5, 1}, [2]uint32{found["dev/console"].Major, found["dev/console"].Minor})
	assert.Contains(t, found, "mnt")

	delete(modules, "modules.builtin")
	_, err = buildInitrd(modules, nil)
	assert.Error(t, err)
}

func TestInitIsAShellScript(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell")
	}
	out, err := exec.Command(sh, "-n", "demo_init.sh").CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

func TestDemoDiskIsCleanExt4(t *testing.T) {
	if findTool("mke2fs") == "" || findTool("e2fsck") == "" {
		t.Skip("e2fsprogs is not installed")
	}
	dir := t.TempDir()
	var said countingWriter
	require.NoError(t, makeDisk(dir, &said))
	assert.Zero(t, said)
	info, err := os.Stat(filepath.Join(dir, "disk.img"))
	require.NoError(t, err)
	assert.EqualValues(t, demoDiskSize, info.Size())
	out, err := exec.Command(findTool("e2fsck"), "-fn", filepath.Join(dir, "disk.img")).CombinedOutput()
	assert.NoError(t, err, "%s", out)
}

type countingWriter int

func (c *countingWriter) Write(p []byte) (int, error) {
	*c += countingWriter(len(p))
	return len(p), nil
}

func TestPreparedNeedsTheCompleteSet(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"initrd.cpio", "disk.img", "vmlinuz-6.1"} {
		_, ok := prepared(dir)
		assert.False(t, ok)
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o644))
	}
	f, ok := prepared(dir)
	assert.True(t, ok)
	assert.Equal(t, filepath.Join(dir, "vmlinuz-6.1"), f.kernel)
}

func TestWantedModules(t *testing.T) {
	assert.True(t, wantedModule("lib/modules/6.1/kernel/drivers/ata/ata_piix.ko"))
	assert.True(t, wantedModule("lib/modules/6.12/kernel/fs/ext4/ext4.ko.xz"))
	assert.False(t, wantedModule("lib/modules/6.1/kernel/drivers/gpu/x.ko"))
	assert.False(t, wantedModule("lib/modules/6.1/kernel/fs/README"))
}
