package main

import (
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/glassbox-vm/glassbox/cmd/glassbox/internal/opt"
	"github.com/glassbox-vm/glassbox/machine/debug/asm"
	"github.com/urfave/cli/v2"
)

const disasmDescription = `Disassembles a raw file, standard input (-), or bytes written in hexadecimal.

Examples:
  glassbox disasm 48 89 e5 c3
  glassbox disasm -m 16 --base 0x7c00 boot.img --count 30
  glassbox disasm -m 32 "b8 01000000 cd80"`

// disasmCommand is glassbox disasm.
func disasmCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:               "disasm",
		Aliases:            []string{"dis"},
		Usage:              "disassemble a file or bytes",
		UsageText:          "glassbox disasm [OPTION]... FILE|-|HEX...",
		Description:        disasmDescription,
		CustomHelpTemplate: commandHelp,
		HideHelpCommand:    true,
		OnUsageError:       asUsage,
		Flags: []cli.Flag{
			&cli.IntFlag{Name: "m", Value: 64, Usage: "-`BITS`: 16, 32 or 64 (default 64)"},
			&cli.StringFlag{Name: "base", Value: "0", Usage: "-`ADDRESS`: address of the first byte shown (default 0)"},
			&cli.StringFlag{Name: "offset", Value: "0", Usage: "-`SIZE`: where in the file to begin"},
			&cli.IntFlag{Name: "count", Usage: "-`N`: at most N instructions"},
		},
		Action: func(c *cli.Context) error { return disasm(c, e) },
	}
}

func disasm(c *cli.Context, e *env) error {
	bits := c.Int("m")
	if bits != 16 && bits != 32 && bits != 64 {
		return usagef("disasm: -m %d: want 16, 32 or 64", bits)
	}
	base, err := strconv.ParseUint(c.String("base"), 0, 64)
	if err != nil {
		return usagef("disasm: --base %s is not an address", c.String("base"))
	}
	offset, err := parseOffset(c.String("offset"))
	if err != nil {
		return usagef("disasm: --offset: %w", err)
	}
	code, err := machineCode(c.Args().Slice(), e)
	if err != nil {
		return err
	}
	if offset > uint64(len(code)) {
		return usagef("disasm: --offset %d is beyond the %d bytes there are", offset, len(code))
	}
	return listing(e.stdout, code[offset:], bits, base, c.Int("count"))
}

func parseOffset(s string) (uint64, error) {
	if n, err := strconv.ParseUint(s, 0, 64); err == nil {
		return n, nil
	}
	return opt.Size(s, 1)
}

// machineCode is what to disassemble: the file named, or the bytes written out.
func machineCode(args []string, e *env) ([]byte, error) {
	if len(args) == 0 {
		return nil, usagef("disasm: give a file, - or bytes in hexadecimal")
	}
	if len(args) == 1 {
		if args[0] == "-" {
			return io.ReadAll(e.stdin)
		}
		if info, err := os.Stat(args[0]); err == nil && !info.IsDir() {
			return readFile("disasm", args[0])
		}
	}
	text := strings.NewReplacer(" ", "", ",", "", "0x", "", "\\x", "", "\n", "", "\t", "").Replace(strings.Join(args, " "))
	code, err := hex.DecodeString(text)
	if err != nil {
		if len(args) == 1 && strings.ContainsAny(args[0], "./ghijklmnopqrstuvwyz") {
			return readFile("disasm", args[0]) // says what is wrong with the file
		}
		return nil, usagef("disasm: %q is no file, and not bytes in hexadecimal", strings.Join(args, " "))
	}
	return code, nil
}

// listing prints one line per instruction; limit 0 is none.
func listing(w io.Writer, code []byte, bits int, addr uint64, limit int) error {
	for n := 0; len(code) > 0 && (limit <= 0 || n < limit); n++ {
		in := asm.Decode(code[:min(len(code), 15)], bits, addr)
		if _, err := fmt.Fprintln(w, asm.Line(addr, bits, code[:in.Len], in.Text)); err != nil {
			return err
		}
		code, addr = code[in.Len:], addr+uint64(in.Len)
	}
	return nil
}
