//go:build unix

package console

import (
	"os"
	"os/signal"
	"syscall"
)

// HandleSuspend restores the terminal before the process is stopped by SIGTSTP and makes
// it raw again when it goes on. The returned function ends that.
func (t *Terminal) HandleSuspend() (stop func()) {
	if t == nil {
		return func() {}
	}
	ch := make(chan os.Signal, 1)
	done := make(chan struct{})
	signal.Notify(ch, syscall.SIGTSTP)
	go func() {
		for {
			select {
			case <-ch:
				wasRaw := t.IsRaw()
				t.Restore()
				_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) // returns when continued
				if wasRaw {
					_ = t.Raw()
				}
			case <-done:
				return
			}
		}
	}()
	return func() {
		signal.Stop(ch)
		close(done)
	}
}
