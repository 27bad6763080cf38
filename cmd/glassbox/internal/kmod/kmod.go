// Package kmod finds out which Linux kernel modules must be loaded, and in which order,
// without the modules.dep file that a freshly unpacked kernel package does not have: each
// module says in its .modinfo section what it depends on.
package kmod

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// A Tree is the modules of one kernel.
type Tree struct {
	fsys    fs.FS
	files   map[string]string // module name → path
	builtin map[string]bool
}

// Open indexes a directory such as /lib/modules/6.1.0.
func Open(fsys fs.FS) (*Tree, error) {
	t := &Tree{fsys: fsys, files: map[string]string{}, builtin: map[string]bool{}}
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && strings.HasSuffix(p, ".ko") {
			t.files[moduleName(p)] = p
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read kernel modules: %w", err)
	}
	list, err := fs.ReadFile(fsys, "modules.builtin")
	if err != nil {
		return nil, fmt.Errorf("read kernel modules: %w", err)
	}
	for _, p := range strings.Fields(string(list)) {
		t.builtin[moduleName(p)] = true
	}
	return t, nil
}

// moduleName is the file name without suffix; the kernel treats - and _ alike.
func moduleName(p string) string {
	return strings.ReplaceAll(strings.TrimSuffix(path.Base(p), ".ko"), "-", "_")
}

// Order returns the paths of the wanted modules and all they depend on, each after what
// it needs. What is built into the kernel is left out; what exists nowhere is an error.
func (t *Tree) Order(wanted ...string) ([]string, error) {
	var order []string
	state := map[string]int{} // 1: being visited, 2: done
	var visit func(name, by string) error
	visit = func(name, by string) error {
		name = moduleName(name)
		if state[name] != 0 || t.builtin[name] {
			return nil // a circle would be the kernel's own mistake
		}
		p, ok := t.files[name]
		if !ok {
			return fmt.Errorf("kernel module %s, needed %s, does not exist", name, by)
		}
		state[name] = 1
		deps, err := t.depends(p)
		if err != nil {
			return err
		}
		for _, d := range deps {
			if err := visit(d, "by "+name); err != nil {
				return err
			}
		}
		state[name] = 2
		order = append(order, p)
		return nil
	}
	for _, name := range wanted {
		if err := visit(name, "here"); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// depends reads the "depends=" line of a module.
func (t *Tree) depends(p string) ([]string, error) {
	data, err := fs.ReadFile(t.fsys, p)
	if err != nil {
		return nil, err
	}
	f, err := elf.NewFile(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("kernel module %s: %w", p, err)
	}
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("kernel module %s: no .modinfo section", p)
	}
	info, err := s.Data()
	if err != nil {
		return nil, fmt.Errorf("kernel module %s: %w", p, err)
	}
	for line := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(line, "depends="); ok && list != "" {
			return strings.Split(list, ","), nil
		}
	}
	return nil, nil
}
