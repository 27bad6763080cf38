package cpu

import (
	"fmt"
	"iter"
)

// A Row is one row of the opcode maps that has a name, with the way that leads to it.
type Row struct {
	Map  string // one of MapNames
	Code uint8  // opcode byte within the map
	Path string // the forks taken, as in "66 /6 reg"; empty without forks
	Op   *Op
}

// MapNames returns the names of the opcode maps in the manual's order.
func MapNames() []string {
	return []string{"1", "0F", "0F38", "0F3A", "VEX.0F", "VEX.0F38", "VEX.0F3A"}
}

// Rows walks all named rows of all maps, forks included, in the order of the encoding. A
// row whose Exec is nil is a known gap.
func Rows() iter.Seq[Row] {
	maps := []*[256]Op{&oneByte, &map0F, &map0F38, &map0F3A, &vex0F, &vex0F38, &vex0F3A}
	return func(yield func(Row) bool) {
		for i, name := range MapNames() {
			for code := range maps[i] {
				if !walk(Row{Map: name, Code: uint8(code), Op: &maps[i][code]}, yield) {
					return
				}
			}
		}
	}
}

// walk yields the named rows at and below r. It returns false when yield did.
func walk(r Row, yield func(Row) bool) bool {
	if r.Op.By == NoFork {
		return r.Op.Name == "" || yield(r)
	}
	for i := range r.Op.Sub {
		branch := r
		branch.Op = &r.Op.Sub[i]
		branch.Path = r.Op.By.branch(i)
		if r.Path != "" {
			branch.Path = r.Path + " " + branch.Path
		}
		if !walk(branch, yield) {
			return false
		}
	}
	return true
}

// branch names branch i of a fork.
func (f Fork) branch(i int) string {
	names := map[Fork][]string{
		ByPrefix: {"none", "66", "F3", "F2"},
		ByMod:    {"mem", "reg"},
		ByOpSize: {"o16", "o32", "o64"},
		ByMode:   {"not64", "64"},
		ByREXB:   {"B0", "B1"},
		ByAddr:   {"a16", "a32", "a64"},
		ByW:      {"W0", "W1"},
		ByL:      {"L0", "L1"},
	}
	switch f {
	case ByReg:
		return fmt.Sprintf("/%d", i)
	case ByRM:
		return fmt.Sprintf("rm%d", i)
	}
	return names[f][i]
}
