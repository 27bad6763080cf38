// empty does nothing: what is measured for it is the cost of starting and of measuring.
#include "rt.h"

u64 bench(long reps) { return (u64)reps; }
