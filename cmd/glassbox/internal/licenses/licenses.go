// Package licenses holds the licences of everything that ends up in the program. A test
// compares the list with the modules of go.mod.
package licenses

import (
	"embed"
	"strings"
)

//go:embed text/*.txt
var texts embed.FS

// A License is what one or more modules are under.
type License struct {
	Module string // module paths, separated by ", "
	Name   string // SPDX identifier
	Text   string
}

// All returns the licences, our own first.
func All() []License {
	list := []License{
		{"github.com/glassbox-vm/glassbox", "Apache-2.0", "glassbox"},
		{"Go standard library, golang.org/x/sys, golang.org/x/term, golang.org/x/text", "BSD-3-Clause", "go"},
		{"golang.org/x/arch", "BSD-3-Clause", "x-arch"},
		{"github.com/klauspost/compress", "BSD-3-Clause AND Apache-2.0 AND MIT", "klauspost-compress"},
		{"github.com/urfave/cli/v2", "MIT", "urfave-cli"},
		{"github.com/gdamore/tcell/v2", "Apache-2.0", "tcell"},
		{"github.com/gdamore/encoding", "Apache-2.0", "gdamore-encoding"},
		{"github.com/lucasb-eyer/go-colorful", "MIT", "go-colorful"},
		{"github.com/rivo/uniseg", "MIT", "uniseg"},
		{"github.com/cpuguy83/go-md2man/v2", "MIT", "go-md2man"},
		{"github.com/russross/blackfriday/v2", "BSD-2-Clause", "blackfriday"},
		{"github.com/xrash/smetrics", "MIT", "smetrics"},
	}
	for i := range list {
		text, err := texts.ReadFile("text/" + list[i].Text + ".txt")
		if err != nil {
			panic("licenses: " + err.Error()) // the list and the files are compiled in together
		}
		list[i].Text = strings.TrimLeft(string(text), "\n")
	}
	return list
}
