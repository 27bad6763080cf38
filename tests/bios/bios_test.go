// Package bios runs boot sectors of our own on the machine from its reset vector and
// compares what the services of our BIOS answer with what SeaBIOS answers on QEMU.
//
// testdata has, for each program, its source for nasm, its image, and NAME.seabios.txt:
// SeaBIOS's answers, which a test records again where QEMU is installed.
package bios

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/glassbox-vm/glassbox/devices/disk"
	"github.com/glassbox-vm/glassbox/machine"
)

// A medium is what a program is booted from.
type medium struct {
	size     int  // of the image in bytes
	position int  // in Config.Drives
	cdrom    bool // the image is on a CD-ROM
	emulates byte // with this media type of El Torito
	qemu     string
}

var (
	onDisk   = medium{size: 4 << 20, position: 0, qemu: "file=%s,format=raw,if=ide"}
	onFloppy = medium{size: 1440 << 10, position: machine.FloppyA, qemu: "file=%s,format=raw,if=floppy"}
	onCD     = medium{size: 2 << 10, position: 2, cdrom: true, qemu: "file=%s,format=raw,if=ide,index=2,media=cdrom"}
	onCDDisk = medium{size: 20 * 4 * 17 * 512, position: 2, cdrom: true, emulates: 4, qemu: onCD.qemu}
	onCDAs   = medium{size: 1440 << 10, position: 2, cdrom: true, emulates: 2, qemu: onCD.qemu}
)

// programs are the boot sectors.
var programs = map[string]medium{
	"services": onDisk, "disk": onDisk, "video": onDisk, "graphics": onDisk, "vbe": onDisk, "devices": onDisk,
	"hooks": onDisk, "direct": onDisk, "fdc": onFloppy, "tables": onDisk,
	"floppy": onFloppy, "cd": onCD, "emulated": onCDAs, "harddisk": onCDDisk,
}

// alone are programs that SeaBIOS cannot be asked with.
var alone = map[string]medium{
	"protected": onDisk, "pictures": onDisk, "v86": onDisk, "emulate": onCD, "resets": onDisk, "events": onDisk,
}

// mediumOf is what a program is booted from.
func mediumOf(program string) medium {
	if m, ok := programs[program]; ok {
		return m
	}
	return alone[program]
}

// diskOf is an image in memory.
func diskOf(p []byte) disk.Image { return disk.NewMemory(p) }

// differences are the lines in which we answer otherwise, with the reason: program, name
// of the line, our answer. A line listed here that agrees is an error as well.
var differences = map[string]map[string]string{
	"services": {
		"15/88":                "7BC0 0000 0000 0000 cZ", // 64 KiB at the top are kept for ACPI tables, in SeaBIOS 128
		"15/E801":              "3C00 00FF 3C00 00FF cZ", // the same
		"15/E881":              "3C00 00FF 3C00 00FF cZ", // SeaBIOS has no E881h
		"16/01 F11":            "0000 0003 8500 1388 cZ", // PS/2: AH = 01h drops keys of newer keyboards
		"16/11 grey up":        "48E0 0003 48E0 1388 cz", // and so the next is another
		"16/01 grey up":        "4800 0003 48E0 1388 cz",
		"16/10 grey up":        "48E0 0003 48E0 1388 cz",
		"keys that fit":        "0010 0003 1E61 1388 cz",
		"1A/B102 no vendor":    "8302 0000 1237 FFFF CZ", // PCI BIOS 2.1: BAD_VENDOR_ID
		"1A/B109 bad register": "8709 0009 0000 FFFF CZ", // PCI BIOS 2.1: BAD_REGISTER_NUMBER
		"14/01 no port":        "0000 0000 0000 0003 cZ", // there are four ports here
	},
	"video": {
		"10/01 underline":        "0D0E 0607 0000 0000 cz", // IBM VGA: an underline is on lines 13 and 14 of 16
		"10/01 block":            "000F 0007 0000 0000 cz", // and a block begins at line 0
		"10/1019":                "0000 000F 0000 8430 cZ", // the mask that was set
		"10/1210":                "1200 0003 0F09 0000 cZ", // CH: feature connector, nothing connected
		"rows after 10/1230":     "18 08 00 ",              // SeaVGABIOS ignores the number of lines
		"rows after 10/1230 (2)": "18 0E 00 ",
		"state": "03 50 00 00 10 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 07 06 00 D4 03 29 30 19 10 00 08 00 " +
			"10 00 08 02 00 00 ", // 25 rows; mode and palette register as of the CGA
	},
	"devices": {
		"5300 wrong device": "0900 0000 0000 0000 Cz",                           // APM 1.2: unrecognized device
		"87":                "0000 0000 0001 0000 cZ",                           // AT: ZF is set when it went well
		"vector 1D":         "38 28 2D 0A 1F 06 19 1C 02 07 06 07 00 00 00 00 ", // AT: parameters of a 6845; SeaBIOS has none
	},
	"hooks": {
		"Alt 1 4":            "000E 0000 0000 0000 cz", // PC: Alt and digits of the keypad are a character
		"417, 418, 496 (11)": "00C0 0010 0000 0000 cZ", // PS/2: the grey Insert is one as well
	},
	"direct": {
		"LBA too far":   "5110 0000 0000 0000 cz", // ATA: ID not found, seek complete
		"no command":    "5104 0000 0000 0000 cz",
		"8042 20":       "0045 0000 0000 0000 cz", // AT: the self-test was passed
		"mouse E9":      "0064 00FA 0000 0002 cz", // PS/2: 100 reports a second, 4 counts a millimetre
		"A20 off by 92": "0000 0000 0000 0000 Cz", // PIIX3: port 92h or the keyboard controller opens it
		"read back":     "3636 0000 0000 0000 cz", // AT: mode 3
		"word at FFFF":  "0001 0000 0000 0000 cz", // SDM: #GP; QEMU checks no limits in real mode
	},
	"fdc": {
		"past the end":    "40 80 00 06 00 01 02 ",  // 82077AA: end of cylinder
		"no sector":       "40 04 00 ",              // 82077AA: no data
		"18":              "0000 0000 0000 0000 cz", // AT: media type is set
		"18 of 8 sectors": "0C00 0000 0000 0000 Cz", // AT: not one of this drive
	},
	"tables": {
		"offset, segment, vector (8)":  "EC59 F000 0013 0000 cZ",                           // one entry for both kinds of disks
		"offset, segment, vector (16)": "EFC7 F000 001E 0000 cZ",                           // AT: the diskette parameters
		"offset, segment, vector (18)": "F065 F000 0042 0000 cZ",                           // EGA: the video services that were there before
		"400":                          "F8 03 F8 02 E8 03 E8 02 78 03 00 00 00 00 C0 9F ", // there are four serial ports here and a parallel one
		"410":                          "26 48 ",                                           // the same
		"460":                          "07 06 00 D4 03 29 30 ",                            // mode and palette register as of the CGA
		"474":                          "00 01 00 00 ",                                     // no control byte
		"478":                          "14 00 00 00 0A 0A 0A 0A ",                         // and their time-outs
	},
	"vbe": {
		"colours (6)": "05 0A 05 05 05 00 01 0F 02 ", // VBE: the bit that is left over may be used
		"4F09":        "004F 0000 0000 0000 cZ",      // SeaVGABIOS has no 4F09h
		"4F09 asked":  "004F 0000 0000 0000 cZ",
		"palette":     "11 22 33 00 44 55 66 00 ",
		"4F0A":        "004F 0000 0000 0000 cz", // nor the protected-mode interface
	},
	"floppy": {
		"15":           "020A 7E85 0000 0000 cz", // AT: there is a change line
		"15 no drive":  "000A 7E85 0000 0001 cz", // AT: no drive
		"16":           "000A 7E85 0000 0000 cz", // AT: not changed
		"02 no sector": "0400 7F23 0013 0000 Cz", // AT: sector not found
		"01 after it":  "0400 7F23 0013 0000 Cz",
		"02 no drive":  "8000 7F23 0001 0001 Cz", // AT: time-out
		"formatted":    "F6F6 0000 1405 0100 cz", // AT: the track is filled; QEMU formats nothing
		"08 no drive":  "0000 0000 0000 0000 cz", // PS/2: registers are 0, no error
	},
	"cd": {
		"size and flags": "1A 00 34 00 ",           // EDD 3.0: bit 6 says that there is no medium
		"49":             "0000 7F30 0000 00E0 cz", // EDD 3.0: the medium was not changed
		"01":             "0000 7F30 0000 00E0 cz", // and this was the last status
	},
	"emulated": {
		"specification":        "13 02 00 00 00 00 00 00 00 00 00 00 C0 07 01 00 4F 12 01 ", // El Torito: CH, CL, DH
		"11":                   "0001 0000 0000 0000 cz",                                    // one diskette, the emulated one
		"11 without emulation": "0000 0000 0000 0000 cZ",                                    // and then none
	},
	"harddisk": {
		"08": "0000 0000 1211 0301 cZ", // there is one disk
	},
	"disk": {
		"41 wrong":         "0100 0000 0000 0280 Cz", // EDD 3.0: BX must be 55AAh
		"large parameters": "42 00 ",                 // EDD 3.0: the size filled, with the path
		"4E":               "0000 810D 0000 0280 cz", // EDD 3.0: AL = 0, no other drive is affected
	},
}

// imageOf is a medium that begins with a program.
func imageOf(t *testing.T, program string) []byte {
	m := mediumOf(program)
	code, err := os.ReadFile(filepath.Join("testdata", program+".bin"))
	require.NoError(t, err)
	p := append(code, make([]byte, max(m.size-len(code), 0))...)
	if m.emulates == 4 { // a partition that ends at cylinder 19, head 3, sector 17; a mark at 3, 3, 17
		copy(p[0x1be:], []byte{0x80, 1, 1, 0, 6, 3, 17, 19, 17, 0, 0, 0, 0x3f, 5, 0, 0})
		copy(p[((3*4+3)*17+16)*512:], "MARK")
	}
	if m.cdrom {
		return elTorito(p, m.emulates)
	}
	return p
}

// elTorito is a CD-ROM with nothing but an image to boot: volume descriptor, boot record,
// terminator, catalog.
func elTorito(image []byte, media byte) []byte {
	const block = 2048
	p := make([]byte, 20*block, 20*block+len(image))
	copy(p[16*block:], "\x01CD001\x01")
	copy(p[17*block:], "\x00CD001\x01EL TORITO SPECIFICATION")
	p[17*block+0x47] = 19
	copy(p[18*block:], "\xffCD001\x01")
	catalog := p[19*block:]
	copy(catalog, []byte{1, 0, 0, 0})
	copy(catalog[0x1c:], []byte{0xaa, 0x55, 0x55, 0xaa})
	sectors := byte(1)
	if media == 0 {
		sectors = byte((len(image) + 511) / 512)
	}
	copy(catalog[0x20:], []byte{0x88, media, 0, 0, 0, 0, sectors, 0, 20})
	p = append(p, image...)
	return append(p, make([]byte, 300*block-len(p)%block)...)
}

// run boots a program and returns what it wrote to the debug port.
func run(t *testing.T, program string, engine machine.Engine) string {
	return runOn(t, program, machine.Config{Engine: engine})
}

// runOn is run on a machine that differs from the others.
func runOn(t *testing.T, program string, cfg machine.Config) string {
	var out bytes.Buffer
	img := filepath.Join(t.TempDir(), "image")
	require.NoError(t, os.WriteFile(img, imageOf(t, program), 0o600))
	d, err := disk.Open(img, disk.Options{})
	require.NoError(t, err)
	defer d.Close()
	cfg.Memory, cfg.DebugCon, cfg.DebugExit, cfg.NoReboot = 32<<20, &out, true, true
	cfg.Drives[mediumOf(program).position] = &machine.Drive{Image: d, CDROM: mediumOf(program).cdrom}
	m, err := machine.New(cfg)
	require.NoError(t, err)
	defer m.Close()
	res, err := m.Run(context.Background(), machine.RunOptions{Budget: 2e8})
	require.NoError(t, err)
	assert.Equal(t, machine.StopDebugExit, res.Reason, out.String())
	assert.Equal(t, 1, res.ExitCode, "the program was read completely")
	return out.String()
}

func TestServicesAnswerAsSeaBIOSDoes(t *testing.T) {
	for p := range programs {
		t.Run(p, func(t *testing.T) {
			want, err := os.ReadFile(filepath.Join("testdata", p+".seabios.txt"))
			require.NoError(t, err)
			ours := strings.Split(run(t, p, machine.Fast), "\n")
			theirs := strings.Split(string(want), "\n")
			require.Len(t, ours, len(theirs), strings.Join(ours, "\n"))
			seen := map[string]int{}
			for i, line := range theirs {
				name, answer, _ := strings.Cut(line, ": ")
				seen[name]++
				key := name
				if n := seen[name]; n > 1 {
					key = fmt.Sprintf("%s (%d)", name, n)
				}
				if own, listed := differences[p][key]; listed {
					assert.NotEqual(t, answer, own, "%s: listed as different", name)
					answer = own
				}
				assert.Equal(t, name+": "+answer, ours[i]+strings.Repeat(": ", b2i(line == "")))
			}
		})
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestEnginesAgreeOnFirmware(t *testing.T) {
	run(t, "services", machine.Check)
}

func TestRecordedAnswersAreSeaBIOSs(t *testing.T) {
	qemu, err := exec.LookPath("qemu-system-i386")
	if err != nil {
		t.Skip("qemu-system-i386 is not installed")
	}
	for p := range programs {
		want, err := os.ReadFile(filepath.Join("testdata", p+".seabios.txt"))
		require.NoError(t, err)
		got := onQEMU(t, qemu, p)
		for tries := 1; got != string(want) && tries < 3; tries++ { // its clocks are the host's, which may be busy
			got = onQEMU(t, qemu, p)
		}
		assert.Equal(t, string(want), got, p)
	}
}

// onQEMU boots a program on QEMU and returns what it wrote to the debug port.
func onQEMU(t *testing.T, qemu, program string) string {
	dir := t.TempDir()
	img, log := filepath.Join(dir, "disk.img"), filepath.Join(dir, "log")
	require.NoError(t, os.WriteFile(img, imageOf(t, program), 0o600))
	b, _ := exec.Command("timeout", "60", qemu, "-display", "none", "-m", "32", "-nodefaults", "-vga", "std",
		"-serial", "null", "-drive", fmt.Sprintf(mediumOf(program).qemu, img), "-debugcon", "file:"+log,
		"-device", "isa-debug-exit,iobase=0xf4,iosize=4", "-no-reboot").CombinedOutput()
	got, err := os.ReadFile(log)
	require.NoError(t, err, string(b))
	return string(got)
}

func TestImagesAreTheirSources(t *testing.T) {
	nasm, err := exec.LookPath("nasm")
	if err != nil {
		t.Skip("nasm is not installed")
	}
	names := slices.Concat(slices.Collect(maps.Keys(programs)), slices.Collect(maps.Keys(alone)))
	for _, p := range names {
		out := filepath.Join(t.TempDir(), "bin")
		b, err := exec.Command(nasm, "-f", "bin", "-I", "testdata/", "-o", out, "testdata/"+p+".asm").CombinedOutput()
		require.NoError(t, err, string(b))
		built, err := os.ReadFile(out)
		require.NoError(t, err)
		committed, err := os.ReadFile("testdata/" + p + ".bin")
		require.NoError(t, err)
		assert.True(t, bytes.Equal(built, committed), "%s.bin is not %s.asm, assembled", p, p)
	}
}
