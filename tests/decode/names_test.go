package decode

import (
	"regexp"
	"slices"
	"strings"
)

// synonyms are the names another decoder has for ours, which are the manual's. They map
// our name to the other one's.
type synonyms map[string][]string

func (s synonyms) match(our, peer string) bool {
	return our == peer || slices.Contains(s[our], peer)
}

// conditions maps the manual's name of a condition to the one that the others print.
var conditions = map[string]string{
	"O": "O", "NO": "NO", "B": "B", "NB": "AE", "Z": "E", "NZ": "NE", "BE": "BE", "NBE": "A",
	"S": "S", "NS": "NS", "P": "P", "NP": "NP", "L": "L", "NL": "GE", "LE": "LE", "NLE": "G",
}

// withConditions adds Jcc, SETcc and CMOVcc to a table.
func withConditions(s synonyms) synonyms {
	for our, peer := range conditions {
		for _, op := range []string{"J", "SET", "CMOV"} {
			s[op+our] = append(s[op+our], op+peer)
		}
	}
	return s
}

// pseudo are the names that carry an immediate: CMPLTPS is CMPPS with 1.
var pseudo = []struct {
	pattern *regexp.Regexp
	name    string
}{
	{regexp.MustCompile(`^(V?CMP)(?:(?:N?(?:EQ|LT|LE|GE|GT|UNORD)|ORD|TRUE|FALSE)(?:_?(?:OS|OQ|US|UQ|S|Q))?)(PS|PD|SS|SD)$`), "$1$2"},
	{regexp.MustCompile(`^(V?PCLMUL)[LH]Q[LH]QDQ$`), "${1}QDQ"},
}

// plain takes the immediate out of a name.
func plain(name string) string {
	name = strings.ToUpper(name)
	for _, p := range pseudo {
		name = p.pattern.ReplaceAllString(name, p.name)
	}
	return name
}

// sized adds names with a suffix for the operand size.
func sized(s synonyms, suffixes string, names ...string) {
	for _, name := range names {
		for _, suffix := range suffixes {
			s[name] = append(s[name], name+string(suffix))
		}
	}
}

// with64 adds names with 64 for the forms with REX.W, which the manual lists apart.
func with64(s synonyms, names ...string) {
	for _, name := range names {
		s[name] = append(s[name], name+"64")
	}
}

// common are the synonyms that both other decoders have.
func common() synonyms {
	s := withConditions(synonyms{
		"JRCXZ":  {"JCXZ", "JECXZ"}, // by address size
		"MOVD":   {"MOVQ"},          // with REX.W
		"PEXTRD": {"PEXTRQ"},        // with REX.W
		"PINSRD": {"PINSRQ"},        // with REX.W
	})
	for _, name := range []string{"MOVD", "PEXTRD", "PINSRD"} {
		s["V"+name] = []string{"V" + s[name][0]}
	}
	with64(s, "VPCMPESTRI", "VPCMPESTRM", "VPCMPISTRI")
	with64(s, "FXSAVE", "FXRSTOR", "XSAVE", "XRSTOR", "XSAVEC", "XSAVEOPT", "XSAVES", "XRSTORS")
	sized(s, "DQ", "IRET", "INCSSP")
	return s
}
