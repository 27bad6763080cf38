package oracle

// A mask takes a field out of the comparison, by setting it to the same in all results.
type mask struct {
	match  func(f *Form) bool
	reason string
	apply  func(t *Test, r *Result)
}

// masks are all exceptions to the rule that results are equal. Each is one reviewed entry
// with its reason.
var masks = []mask{}

// masksOf are the masks that concern a form.
func masksOf(f *Form) (m []mask) {
	for _, x := range masks {
		if x.match(f) {
			m = append(m, x)
		}
	}
	return m
}
