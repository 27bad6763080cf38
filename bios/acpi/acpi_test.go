package acpi

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// whole is a board with everything.
var whole = Board{
	CPUs: 2, PMBase: 0x600, SCI: 9,
	COM: []COM{{0x3f8, 4}, {0x2f8, 3}, {0x3e8, 4}, {0x2e8, 3}},
	LPT: true, Floppy: true, Mouse: true, VGA: true, FWCfg: true,
	PCIMemory: 0x80000000, PCIMemoryEnd: 0xfebfffff,
	LinkIRQs: []uint32{5, 10, 11},
}

const tablesAt = 0x7ff0000

// tables follows the pointers as a system does and returns what it finds by signature.
func tables(t *testing.T, b Board) map[string][]byte {
	image, rsdp := Build(b).At(tablesAt)
	le := binary.LittleEndian
	require.Equal(t, "RSD PTR ", string(rsdp[:8]))
	require.Zero(t, total(rsdp[:20]))
	require.Zero(t, total(rsdp))
	at := func(addr uint64) []byte {
		require.Less(t, addr-tablesAt, uint64(len(image)))
		p := image[addr-tablesAt:]
		return p[:le.Uint32(p[4:])]
	}
	found := map[string][]byte{}
	visit := func(addr uint64) []byte {
		p := at(addr)
		sig := string(p[:4])
		if sig != "FACS" {
			require.Zero(t, total(p), sig)
		}
		if sig != "RSDT" {
			require.Zero(t, addr%16, sig)
		}
		found[sig] = p
		return p
	}
	rsdt, xsdt := visit(uint64(le.Uint32(rsdp[16:]))), visit(le.Uint64(rsdp[24:]))
	require.Equal(t, (len(rsdt)-36)/4, (len(xsdt)-36)/8)
	for i := 36; i < len(rsdt); i += 4 {
		one := uint64(le.Uint32(rsdt[i:]))
		require.Equal(t, one, le.Uint64(xsdt[36+2*(i-36):]), "RSDT and XSDT say the same")
		visit(one)
	}
	fadt := found["FACP"]
	facs := le.Uint32(fadt[36:])
	require.Zero(t, facs%64)
	visit(uint64(facs))
	visit(uint64(le.Uint32(fadt[40:])))
	require.Equal(t, uint64(le.Uint32(fadt[40:])), le.Uint64(fadt[140:]))
	return found
}

func TestPointersAndChecksums(t *testing.T) {
	found := tables(t, whole)
	for _, sig := range []string{"RSDT", "XSDT", "FACP", "FACS", "DSDT"} {
		assert.Contains(t, found, sig)
	}
	image := Build(whole)
	one, _ := image.At(0x1000)
	two, _ := image.At(0x2000)
	assert.NotEqual(t, one, two)
	again, _ := image.At(0x1000)
	assert.Equal(t, one, again, "placing changes nothing")
}

// TestCompilerAgrees takes every table apart with the ACPI compiler and puts it together
// again, which must give the same bytes without an error or a warning of substance.
func TestCompilerAgrees(t *testing.T) {
	iasl, err := exec.LookPath("iasl")
	if err != nil {
		t.Skip("iasl is not installed")
	}
	for name, board := range map[string]Board{
		"whole": whole,
		"bare":  {CPUs: 1, PMBase: 0x600, SCI: 9, PCIMemory: 0xe0000000, PCIMemoryEnd: 0xfebfffff, LinkIRQs: []uint32{11}},
	} {
		t.Run(name, func(t *testing.T) {
			for sig, table := range tables(t, board) {
				dir := t.TempDir()
				run := func(args ...string) string {
					cmd := exec.Command(iasl, args...)
					cmd.Dir = dir
					out, err := cmd.CombinedOutput()
					require.NoError(t, err, "%s: iasl %v: %s", sig, args, out)
					return string(out)
				}
				require.NoError(t, os.WriteFile(filepath.Join(dir, "table.dat"), table, 0o644))
				out := run("-d", "table.dat")
				assert.NotContains(t, out, "rror", sig)
				assert.NotContains(t, out, "arning", sig)
				out = run("-oa", "table.dsl")
				if sig == "DSDT" { // data tables have no such line
					legacy := strings.Count(out, "Legacy Processor() keyword") // what systems older than ACPI 6 know
					assert.Contains(t, out, fmt.Sprintf("0 Errors, %d Warnings, 0 Remarks", legacy), sig)
				}
				back, err := os.ReadFile(filepath.Join(dir, "table.aml"))
				require.NoError(t, err)
				if sig == "FACS" {
					assert.Equal(t, table, back)
					continue
				}
				assert.Equal(t, normal(table), normal(back), sig)
			}
		})
	}
}

// normal leaves out what the compiler writes of itself: checksum and creator.
func normal(p []byte) []byte {
	p = append([]byte(nil), p...)
	p[sdtChecksum] = 0
	clear(p[sdtCreator:sdtHeader])
	return p
}

// TestMethodsRun evaluates methods of the DSDT with ACPICA's interpreter.
func TestMethodsRun(t *testing.T) {
	acpiexec, err := exec.LookPath("acpiexec")
	if err != nil {
		t.Skip("acpiexec is not installed")
	}
	file := filepath.Join(t.TempDir(), "dsdt.aml")
	require.NoError(t, os.WriteFile(file, tables(t, whole)["DSDT"], 0o644))
	commands := []struct{ do, want string }{
		{`evaluate \_PIC 1`, "No object was returned"},
		{`evaluate \_SB.LSTA 0x80`, "0000000000000009"},
		{`evaluate \_SB.LSTA 0x0b`, "000000000000000B"},
		{`evaluate \_SB.LCRS 0x0b`, "89 06 00 09 01 0B 00 00 00 79"},
		{`evaluate \_SB.LCRS 0x80`, "89 06 00 09 01 00 00 00 00 79"},
		{`evaluate \_SB.PCI0.ISA.RTC._CRS`, "47 01 70 00 70 00 01 02 22 00 01 79"},
		{`evaluate \_S5`, "Package"},
	}
	var all []string
	for _, c := range commands {
		all = append(all, c.do)
	}
	out, err := exec.Command(acpiexec, "-b", strings.Join(all, ";"), file).CombinedOutput()
	require.NoError(t, err, string(out))
	assert.NotContains(t, string(out), "AE_")
	parts := strings.Split(string(out), "\nEvaluating ")
	require.Len(t, parts, len(commands)+1, string(out))
	for i, c := range commands {
		assert.Contains(t, parts[i+1], c.want, c.do)
	}
}

// TestFADTFields compares with the offsets of the specification's table.
func TestFADTFields(t *testing.T) {
	p := tables(t, whole)["FACP"]
	le := binary.LittleEndian
	assert.Len(t, p, 244)
	assert.Equal(t, uint16(9), le.Uint16(p[46:]), "SCI_INT")
	assert.Equal(t, uint32(0xb2), le.Uint32(p[48:]), "SMI_CMD")
	assert.Equal(t, uint32(0x600), le.Uint32(p[56:]), "PM1a_EVT_BLK")
	assert.Equal(t, uint32(0x604), le.Uint32(p[64:]), "PM1a_CNT_BLK")
	assert.Equal(t, uint32(0x608), le.Uint32(p[76:]), "PM_TMR_BLK")
	assert.Equal(t, uint32(0x60c), le.Uint32(p[80:]), "GPE0_BLK")
	assert.Equal(t, []byte{4, 2, 0, 4, 4}, []byte{p[88], p[89], p[90], p[91], p[92]}, "lengths: event, control, control 2, timer, GPE")
	assert.Equal(t, []byte{1, 8, 0, 0, 0xf9, 0x0c}, p[116:122], "RESET_REG")
	assert.Equal(t, uint8(6), p[128], "RESET_VALUE")
	assert.Zero(t, le.Uint32(p[112:])&(1<<4), "the power button is a fixed feature")
}

// TestLoaderScriptDoesWhatAtDoes carries the script out as firmware does and compares.
func TestLoaderScriptDoesWhatAtDoes(t *testing.T) {
	image := Build(whole)
	files := map[string][]byte{
		FileTables: append([]byte(nil), image.Tables()...),
		FileRSDP:   append([]byte(nil), image.RSDP()...),
	}
	address := map[string]uint64{FileTables: tablesAt, FileRSDP: 0xf0000}
	script := image.Loader()
	require.Zero(t, len(script)%128)
	name := func(p []byte) string { return string(p[:strings.IndexByte(string(p[:56]), 0)]) }
	le := binary.LittleEndian
	allocated := map[string]bool{}
	for ; len(script) > 0; script = script[128:] {
		p := script[4:128]
		file := files[name(p)]
		switch le.Uint32(script) {
		case 1:
			allocated[name(p)] = true
		case 2:
			require.True(t, allocated[name(p)] && allocated[name(p[56:])])
			at, size := le.Uint32(p[112:]), int(p[116])
			var field [8]byte
			copy(field[:], file[at:int(at)+size])
			le.PutUint64(field[:], le.Uint64(field[:])+address[name(p[56:])])
			copy(file[at:], field[:size])
		case 3:
			at, start, n := le.Uint32(p[56:]), le.Uint32(p[60:]), le.Uint32(p[64:])
			file[at] = 0
			file[at] = -total(file[start : start+n])
		default:
			t.Fatalf("command %d", le.Uint32(script))
		}
	}
	tables, rsdp := image.At(tablesAt)
	assert.Equal(t, tables, files[FileTables])
	assert.Equal(t, rsdp, files[FileRSDP])
}
