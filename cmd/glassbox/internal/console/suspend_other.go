//go:build !unix

package console

// HandleSuspend does nothing where processes are not suspended by signals.
func (t *Terminal) HandleSuspend() (stop func()) { return func() {} }
