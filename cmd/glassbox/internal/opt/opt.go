// Package opt parses option values as QEMU's users write them: key=value lists with ",,"
// for a comma, sizes with a binary suffix, and on|off.
package opt

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// A Pair is one key=value of a list.
type Pair struct{ Key, Value string }

// Parse splits a list such as "file=a,,b.img,readonly=on". A first word without "=" is
// the value of the key implied; later ones mean word=on. An empty implied key makes a
// first word without "=" mean word=on too. A key given twice is an error.
func Parse(s, implied string) ([]Pair, error) {
	var pairs []Pair
	seen := map[string]bool{}
	for i, word := range split(s) {
		key, value, has := strings.Cut(word, "=")
		switch {
		case has:
		case i == 0 && implied != "":
			key, value = implied, word
		default:
			value = "on"
		}
		if key == "" {
			return nil, fmt.Errorf("%q: empty key; write key=value,key=value, and ,, for a comma inside a value", s)
		}
		if seen[key] {
			return nil, fmt.Errorf("%q: %s is given twice", s, key)
		}
		seen[key] = true
		pairs = append(pairs, Pair{key, value})
	}
	return pairs, nil
}

// split cuts at single commas and turns double ones into one.
func split(s string) []string {
	var words []string
	var word strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] != ',':
			word.WriteByte(s[i])
		case i+1 < len(s) && s[i+1] == ',':
			word.WriteByte(',')
			i++
		default:
			words = append(words, word.String())
			word.Reset()
		}
	}
	return append(words, word.String())
}

// Size parses a number of bytes with an optional suffix: b, k, M, G or T, of either case,
// binary, optionally followed by B or iB. A bare number counts in units of unit bytes.
func Size(s string, unit uint64) (uint64, error) {
	fail := fmt.Errorf("%q is not a size: write a number with K, M or G, for example 512M", s)
	end := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(s)
	}
	n, err := strconv.ParseUint(s[:end], 10, 64)
	if err != nil {
		return 0, fail
	}
	switch strings.ToLower(s[end:]) {
	case "":
	case "b":
		unit = 1
	case "k", "kb", "kib":
		unit = 1 << 10
	case "m", "mb", "mib":
		unit = 1 << 20
	case "g", "gb", "gib":
		unit = 1 << 30
	case "t", "tb", "tib":
		unit = 1 << 40
	default:
		return 0, fail
	}
	hi, lo := bits.Mul64(n, unit)
	if hi != 0 {
		return 0, fmt.Errorf("%q is larger than any machine", s)
	}
	return lo, nil
}

// Bool parses on|off and their synonyms.
func Bool(s string) (bool, error) {
	switch s {
	case "on", "yes", "true", "y":
		return true, nil
	case "off", "no", "false", "n":
		return false, nil
	}
	return false, fmt.Errorf("%q: want on or off", s)
}
