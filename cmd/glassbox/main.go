// Command glassbox runs, watches and explains PCs.
package main

import (
	_ "github.com/urfave/cli/v2"
	_ "golang.org/x/arch/x86/x86asm"
	_ "golang.org/x/sys/cpu"
	_ "golang.org/x/term"
)

func main() {}
