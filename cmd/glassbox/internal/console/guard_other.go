//go:build !unix

package console

// GuardArg is the hidden first argument that makes the program a guard.
const GuardArg = "-terminal-guard"

// A guard exists on Unix only.
type guard struct{}

func startGuard(int) *guard { return nil }

func (g *guard) stop() {}

// RunGuard does nothing here.
func RunGuard() {}
