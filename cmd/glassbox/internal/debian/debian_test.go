package debian

import (
	"archive/tar"
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseTakesTheFirstParagraph(t *testing.T) {
	p := parse([]byte("Package: linux-image-cloud-amd64\nSource: linux-signed\nVersion: 6.1.192-2\n" +
		"Depends: linux-image-6.1.0-56-cloud-amd64 (= 6.1.192-2), foo:any | bar, baz\nDescription: x\n y\n\n" +
		"Package: other\nVersion: 1\n"))
	assert.Equal(t, Package{"linux-image-cloud-amd64", "6.1.192-2",
		[]string{"linux-image-6.1.0-56-cloud-amd64", "foo", "baz"}}, p)
}

func TestWalkTarNamesFilesFromTheRoot(t *testing.T) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range []struct {
		name string
		kind byte
		data string
	}{{"./", tar.TypeDir, ""}, {"./boot/vmlinuz", tar.TypeReg, "kernel"}, {"./a", tar.TypeSymlink, ""}, {"./bin/busybox", tar.TypeReg, "box"}} {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: f.name, Typeflag: f.kind, Size: int64(len(f.data)), Linkname: "x"}))
		_, err := w.Write([]byte(f.data))
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	got := map[string]string{}
	require.NoError(t, walkTar(tar.NewReader(&b), func(name string, read func() ([]byte, error)) error {
		got[name] = ""
		if name == "bin/busybox" {
			data, err := read()
			got[name] = string(data)
			return err
		}
		return nil
	}))
	assert.Equal(t, map[string]string{"boot/vmlinuz": "", "bin/busybox": "box"}, got)
}
