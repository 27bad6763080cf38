package aml

// Opcodes of methods.
const (
	opMethod      = 0x14
	opLocal0      = 0x60
	opArg0        = 0x68
	opStore       = 0x70
	opAnd         = 0x7b
	opOr          = 0x7d
	opCreateDWord = 0x8a
	opLEqual      = 0x93
	opLLess       = 0x95
	opIf          = 0xa0
	opElse        = 0xa1
	opReturn      = 0xa4
)

// Method is a control method with some arguments. Its terms must not give names to
// objects unless it is serialized, see Serialized.
func Method(name string, args uint8, terms ...Term) Term {
	return sized(Term{opMethod}, Path(name), Term{args}, join(terms...))
}

// Serialized is a Method that only one thread enters at a time.
func Serialized(name string, args uint8, terms ...Term) Term {
	return Method(name, args|1<<3, terms...)
}

// Arg is the n-th argument of a method, from 0 on; Local a local variable.
func Arg(n uint8) Term   { return Term{opArg0 + n} }
func Local(n uint8) Term { return Term{opLocal0 + n} }

// Call calls a method.
func Call(name string, args ...Term) Term { return join(Path(name), join(args...)) }

// Store puts a value into a name, a local variable or an argument.
func Store(value, into Term) Term { return join(Term{opStore}, value, into) }

// And and Or combine bits and may put the result somewhere; without into they do not.
func And(x, y, into Term) Term { return binary3(opAnd, x, y, into) }
func Or(x, y, into Term) Term  { return binary3(opOr, x, y, into) }

func binary3(op byte, x, y, into Term) Term {
	if into == nil {
		into = Term{0} // NullName
	}
	return join(Term{op}, x, y, into)
}

// Equal and Less compare.
func Equal(x, y Term) Term { return join(Term{opLEqual}, x, y) }
func Less(x, y Term) Term  { return join(Term{opLLess}, x, y) }

// If runs its terms when the condition is not zero; Else may follow it.
func If(condition Term, terms ...Term) Term { return sized(Term{opIf}, condition, join(terms...)) }
func Else(terms ...Term) Term               { return sized(Term{opElse}, terms...) }

// Return ends a method with a value.
func Return(value Term) Term { return join(Term{opReturn}, value) }

// CreateDWordField names the four bytes of a buffer from an index on.
func CreateDWordField(buffer Term, index uint64, name string) Term {
	return join(Term{opCreateDWord}, buffer, Int(index), Path(name))
}
