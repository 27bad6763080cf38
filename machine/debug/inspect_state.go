package debug

import (
	"fmt"
	"reflect"
	"strings"
)

// part is info CHIP: any beginning of a chip's name, or its part number, will do.
func (i *Inspector) part(name string) error {
	var found []part
	for _, p := range i.allParts() {
		if p.name == name {
			found = []part{p}
			break
		}
		if strings.Contains(p.name, name) {
			found = append(found, p)
		}
	}
	if len(found) == 0 {
		return fmt.Errorf("%q is not known; info alone lists what there is", name)
	}
	for _, p := range found {
		i.printf("%s\n", p.name)
		i.show(1, "", reflect.ValueOf(p.state))
	}
	return nil
}

// A part is a chip and what it remembers.
type part struct {
	name  string
	state any
}

func (i *Inspector) allParts() (list []part) {
	i.t.EachPart(func(name string, state any) { list = append(list, part{name, state}) })
	return list
}

// maxArray is the longest array that is shown whole.
const maxArray = 64

// show prints a value as lines of "name value", structs and arrays of them indented.
func (i *Inspector) show(depth int, name string, v reflect.Value) {
	indent := strings.Repeat("  ", depth)
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			i.show(depth, name, v.Elem())
		}
	case reflect.Struct:
		if name != "" {
			i.printf("%s%s\n", indent, name)
			depth++
		}
		for k := range v.NumField() {
			if v.Type().Field(k).IsExported() {
				i.show(depth, v.Type().Field(k).Name, v.Field(k))
			}
		}
	case reflect.Array, reflect.Slice:
		if k := v.Type().Elem().Kind(); k == reflect.Struct || k == reflect.Array {
			for k := range min(v.Len(), maxArray) {
				i.show(depth, fmt.Sprintf("%s[%d]", name, k), v.Index(k))
			}
			return
		}
		i.printf("%s%-16s %s\n", indent, name, row(v))
	default:
		i.printf("%s%-16s %s\n", indent, name, scalar(v))
	}
}

// row is an array of numbers on one line, without the zeros at its end.
func row(v reflect.Value) string {
	n := v.Len()
	for n > 0 && v.Index(n-1).IsZero() {
		n--
	}
	var b strings.Builder
	for i := range min(n, maxArray) {
		b.WriteString(scalar(v.Index(i)) + " ")
	}
	if n > maxArray {
		b.WriteString("… ")
	}
	if n < v.Len() {
		fmt.Fprintf(&b, "(rest of %d zero)", v.Len())
	}
	return b.String()
}

func scalar(v reflect.Value) string {
	if s, ok := v.Interface().(fmt.Stringer); ok {
		return s.String()
	}
	switch {
	case v.CanUint():
		return fmt.Sprintf("%0*x", 2*int(v.Type().Size()), v.Uint())
	case v.CanInt():
		return fmt.Sprintf("%d", v.Int())
	}
	return fmt.Sprint(v.Interface())
}
