package machine

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// The bytes of a State: its fields in order, without gaps, numbers little-endian, bool as
// one byte, a slice as its length in 32 bits and its elements. Nothing depends on the
// host. What a field is called and how it is shown does not matter; see fingerprint.

// appendState appends the bytes of a State. A kind of field that has no form here is a
// mistake of ours.
func appendState(p []byte, state any) []byte { return appendValue(p, reflect.ValueOf(state)) }

func appendValue(p []byte, v reflect.Value) []byte {
	switch v.Kind() {
	case reflect.Bool:
		if v.Bool() {
			return append(p, 1)
		}
		return append(p, 0)
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uint:
		return appendInteger(p, v.Uint(), width(v.Type()))
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Int:
		return appendInteger(p, uint64(v.Int()), width(v.Type()))
	case reflect.Struct:
		for i := range v.NumField() {
			p = appendValue(p, v.Field(i))
		}
		return p
	case reflect.Slice:
		p = binary.LittleEndian.AppendUint32(p, uint32(v.Len()))
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			p = appendValue(p, v.Index(i))
		}
		return p
	}
	panic(fmt.Sprintf("machine: no form for a %v in a State", v.Type()))
}

// width is the size of an integer in bytes. An int has 8 on every host.
func width(t reflect.Type) int {
	if k := t.Kind(); k == reflect.Int || k == reflect.Uint {
		return 8
	}
	return int(t.Size())
}

func appendInteger(p []byte, v uint64, n int) []byte {
	for range n {
		p = append(p, byte(v))
		v >>= 8
	}
	return p
}

// errTooLong is a State with bytes left over.
var errTooLong = errors.New("more bytes than the state has")

// decodeState fills the State that s points to. All of p must be used up, and nothing is
// allocated that p has no bytes for.
func decodeState(p []byte, s any) error {
	rest, err := decodeValue(p, reflect.ValueOf(s).Elem())
	if err == nil && len(rest) > 0 {
		err = errTooLong
	}
	return err
}

func decodeValue(p []byte, v reflect.Value) (rest []byte, err error) {
	switch v.Kind() {
	case reflect.Bool:
		if len(p) < 1 {
			return nil, io.ErrUnexpectedEOF
		}
		if p[0] > 1 {
			return nil, fmt.Errorf("%#x is no truth value", p[0])
		}
		v.SetBool(p[0] == 1)
		return p[1:], nil
	case reflect.Struct:
		for i := 0; i < v.NumField() && err == nil; i++ {
			p, err = decodeValue(p, v.Field(i))
		}
		return p, err
	case reflect.Slice:
		if len(p) < 4 {
			return nil, io.ErrUnexpectedEOF
		}
		n := uint64(binary.LittleEndian.Uint32(p))
		p = p[4:]
		if n*uint64(leastSize(v.Type().Elem())) > uint64(len(p)) {
			return nil, io.ErrUnexpectedEOF
		}
		if n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), int(n), int(n)))
		}
		fallthrough
	case reflect.Array:
		for i := 0; i < v.Len() && err == nil; i++ {
			p, err = decodeValue(p, v.Index(i))
		}
		return p, err
	}
	return decodeInteger(p, v)
}

// leastSize is the fewest bytes that a value of a type takes, at least 1.
func leastSize(t reflect.Type) int {
	switch t.Kind() {
	case reflect.Struct:
		n := 0
		for i := range t.NumField() {
			n += leastSize(t.Field(i).Type)
		}
		return max(n, 1)
	case reflect.Array:
		return max(t.Len()*leastSize(t.Elem()), 1)
	case reflect.Slice:
		return 4
	}
	return width(t)
}

func decodeInteger(p []byte, v reflect.Value) (rest []byte, err error) {
	n := width(v.Type())
	if len(p) < n {
		return nil, io.ErrUnexpectedEOF
	}
	u := uint64(0)
	for i := range n {
		u |= uint64(p[i]) << (8 * i)
	}
	if v.CanUint() {
		if v.OverflowUint(u) {
			return nil, fmt.Errorf("%#x does not fit", u)
		}
		v.SetUint(u)
		return p[n:], nil
	}
	i := int64(u<<(64-8*n)) >> (64 - 8*n)
	if v.OverflowInt(i) {
		return nil, fmt.Errorf("%d does not fit", i)
	}
	v.SetInt(i)
	return p[n:], nil
}

// fingerprint describes a State type as far as its bytes and their meaning go: names and
// types of its fields. While it stays the same, so may the version.
func fingerprint(t reflect.Type) string {
	switch t.Kind() {
	case reflect.Struct:
		fields := make([]string, t.NumField())
		for i := range fields {
			f := t.Field(i)
			if !f.IsExported() {
				panic(fmt.Sprintf("machine: %v.%s cannot be saved", t, f.Name))
			}
			fields[i] = f.Name + " " + fingerprint(f.Type)
		}
		return "{" + strings.Join(fields, "; ") + "}"
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", t.Len(), fingerprint(t.Elem()))
	case reflect.Slice:
		return "[]" + fingerprint(t.Elem())
	}
	return t.Kind().String()
}
