package machine

// firmware is what firmware asks the board: fw_cfg.
func (m *Machine) firmware(w *wiring) {
}
