package machine

import (
	"slices"

	"github.com/glassbox-vm/glassbox/mmu/phys"
)

// A stamp orders the checkpoints of a Timeline: twice the virtual time, plus one where the
// machine was changed from outside at a time that had a checkpoint already.
type stamp int64

// versions remembers what blocks of 4 KiB held at checkpoints: pages of RAM and video
// memory, or pieces of a disk.
//
// A version says that a block had these contents at every checkpoint after the version
// before, up to and including its own. What a block holds at checkpoints after its last
// version is written nowhere: it is what the block holds now. So there is a version for a
// checkpoint if and only if the block was written between that checkpoint and the next.
type versions struct {
	pool *phys.Pool
	of   map[uint64][]version // by block, oldest first
	at   map[stamp][]uint64   // the blocks with a version of that checkpoint
}

type version struct {
	upTo stamp
	page uint32 // in the pool
}

func newVersions(pool *phys.Pool) *versions {
	return &versions{pool: pool, of: map[uint64][]version{}, at: map[stamp][]uint64{}}
}

func compareUpTo(v version, s stamp) int { return int(min(max(v.upTo-s, -1), 1)) }

// lookup finds what block held at checkpoint s; ok is false if that is what it holds now.
func (v *versions) lookup(block uint64, s stamp) (contents []byte, ok bool) {
	list := v.of[block]
	i, _ := slices.BinarySearchFunc(list, s, compareUpTo)
	if i == len(list) {
		return nil, false
	}
	return v.pool.Page(list[i].page), true
}

// has says whether block has a version of checkpoint s itself.
func (v *versions) has(block uint64, s stamp) bool {
	_, found := slices.BinarySearchFunc(v.of[block], s, compareUpTo)
	return found
}

// last is the last version of a block; ok is false if it has none.
func (v *versions) last(block uint64) (s stamp, ok bool) {
	list := v.of[block]
	if len(list) == 0 {
		return 0, false
	}
	return list[len(list)-1].upTo, true
}

// add keeps what block holds at checkpoint s, if that is not known.
func (v *versions) add(block uint64, s stamp, contents []byte) error {
	list := v.of[block]
	i, found := slices.BinarySearchFunc(list, s, compareUpTo)
	if found {
		return nil
	}
	page, err := v.pool.Put(contents)
	if err != nil {
		return err
	}
	v.of[block] = slices.Insert(list, i, version{s, page})
	v.at[s] = append(v.at[s], block)
	return nil
}

// drop forgets the version of a block at checkpoint s, but not that it is in v.at[s].
func (v *versions) drop(block uint64, s stamp) {
	list := v.of[block]
	i, found := slices.BinarySearchFunc(list, s, compareUpTo)
	if !found {
		return
	}
	v.pool.Drop(list[i].page)
	if list = slices.Delete(list, i, i+1); len(list) == 0 {
		delete(v.of, block)
		return
	}
	v.of[block] = list
}

// relabel makes the version of checkpoint from, which has no neighbour in between, one of
// checkpoint to.
func (v *versions) relabel(block uint64, from, to stamp) {
	list := v.of[block]
	i, _ := slices.BinarySearchFunc(list, from, compareUpTo)
	list[i].upTo = to
	v.at[to] = append(v.at[to], block)
}

// remove forgets checkpoint s; before is the one before it, and first says that there is
// none.
func (v *versions) remove(s, before stamp, first bool) {
	for _, b := range v.at[s] {
		if first || v.has(b, before) {
			v.drop(b, s)
		} else {
			v.relabel(b, s, before)
		}
	}
	delete(v.at, s)
}

// insert makes a checkpoint at s, after checkpoint before and ahead of the next, of the
// present contents. written says what was written since before, and contents gives what a
// block holds.
func (v *versions) insert(before, s stamp, written func(block uint64) bool, contents func(block uint64) []byte) error {
	list := v.at[before]
	stay := list[:0:0]
	for _, b := range list {
		if !written(b) { // comes later
			v.relabel(b, before, s)
			continue
		}
		stay = append(stay, b)
		if err := v.add(b, s, contents(b)); err != nil {
			return err
		}
	}
	v.at[before] = stay
	return nil
}

// forget drops every version from checkpoint s on, but those of s for which keep says so.
func (v *versions) forget(s stamp, keep func(block uint64) bool) {
	for t, blocks := range v.at {
		if t < s {
			continue
		}
		stay := blocks[:0:0]
		for _, b := range blocks {
			if t == s && keep(b) {
				stay = append(stay, b)
			} else {
				v.drop(b, t)
			}
		}
		if t == s {
			v.at[t] = stay
		} else {
			delete(v.at, t)
		}
	}
}

// between calls visit with every block that has a version of a checkpoint from a up to,
// but not including, b: each block that was written in that time, perhaps several times.
func (v *versions) between(a, b stamp, visit func(block uint64)) {
	for s, blocks := range v.at {
		if a <= s && s < b {
			for _, block := range blocks {
				visit(block)
			}
		}
	}
}

// clear forgets everything.
func (v *versions) clear() {
	for s, blocks := range v.at {
		for _, b := range blocks {
			v.drop(b, s)
		}
	}
	clear(v.at)
}
