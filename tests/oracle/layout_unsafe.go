package oracle

import "unsafe"

// The helper reads and writes tests and results as they lie in memory: copying them field by
// field would cost more than executing them does. These arrays fail to compile when a size
// is not what helper.asm says.
var (
	_ [inSize - unsafe.Sizeof(Test{})]struct{}
	_ [unsafe.Sizeof(Test{}) - inSize]struct{}
	_ [outSize - unsafe.Sizeof(Result{})]struct{}
	_ [unsafe.Sizeof(Result{}) - outSize]struct{}
	_ [unsafe.Offsetof(Test{}.FX) - 384]struct{}
	_ [384 - unsafe.Offsetof(Test{}.FX)]struct{}
	_ [unsafe.Offsetof(Result{}.FX) - 256]struct{}
	_ [256 - unsafe.Offsetof(Result{}.FX)]struct{}
	_ [unsafe.Offsetof(Result{}.Diff) - 928]struct{}
	_ [928 - unsafe.Offsetof(Result{}.Diff)]struct{}
)

// tests is the input area of shared memory.
func tests(shared []byte) *[BlockSize]Test {
	return (*[BlockSize]Test)(unsafe.Pointer(&shared[shInputs]))
}

// results is the output area of shared memory.
func results(shared []byte) *[BlockSize]Result {
	return (*[BlockSize]Result)(unsafe.Pointer(&shared[shOutputs]))
}

// word is a 32-bit word of shared memory.
func word(shared []byte, at int) *uint32 { return (*uint32)(unsafe.Pointer(&shared[at])) }

// head is a result without its list of differences, in one piece: comparing it field by field
// takes longer than executing a test (BenchmarkRig).
func (r *Result) head() *[unsafe.Offsetof(Result{}.Diff)]byte {
	return (*[unsafe.Offsetof(Result{}.Diff)]byte)(unsafe.Pointer(r))
}

// take copies a result, without the differences that it does not have.
func (r *Result) take(from *Result) {
	*r.head() = *from.head()
	copy(r.Diff[:], from.Diff[:min(r.NDiff, maxDiff)])
}
