package checkpoint

import (
	"bytes"
	"fmt"

	"github.com/weirsql/weir/runtime/state"
)

// share is the key groups of a subtask; the zero share is all of them.
type share struct{ subtask, parallelism int }

func (s share) has(group uint16) bool {
	return s.parallelism == 0 || state.Subtask(group, s.parallelism) == s.subtask
}

// chain calls f for the entries of a subtask's parts that count: operator entries of the last part, keyed entries of the
// share that no later part replaces or removes. It goes from the last part to the first, so that only the keys of later
// parts, which are small as a rule, are in memory.
func (c *Checkpoint) chain(parts []File, s share, f func(state.Entry) error) error {
	last := len(parts) - 1
	var later *keySet // keys of the parts behind the one that is read
	if last > 0 {
		later = newKeySet()
	}
	for k := last; k >= 0; k-- {
		err := c.read(&parts[k], func(e state.Entry) error {
			switch {
			case e.Group == state.OperatorState:
				if k < last || e.Removed {
					return nil
				}
			case !s.has(e.Group):
				return nil
			case later != nil && later.part(e.Name, e.Key, int32(k), k > 0) != int32(k):
				return nil
			case e.Removed:
				return nil
			}
			return f(e)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// read goes through a part. An error that isn't of f names the checkpoint and the part.
func (c *Checkpoint) read(p *File, f func(state.Entry) error) error {
	if p.Entries == 0 {
		return nil
	}
	r, err := c.open(p)
	if err != nil {
		return fmt.Errorf("read checkpoint %s: %s: %w", c.Path, c.name(p), err)
	}
	defer r.Close()
	d := decoders.Get().(*decoder)
	defer decoders.Put(d)
	var own error // of f
	err = d.each(r, *p, func(e state.Entry) error {
		own = f(e)
		return own
	})
	if err != nil && own == nil {
		return fmt.Errorf("read checkpoint %s: %s: %w", c.Path, c.name(p), err)
	}
	return err
}

// keySet remembers for names and keys in which part they came first. It has no pointer per key.
type keySet struct {
	names  map[string]uint32
	last   string // name
	lastID uint32
	// hashes is a table with open addressing, a power of two large; 0 is a free place. It is apart from the rest, because most
	// keys that are looked for aren't there.
	hashes  []uint64
	entries []keyEntry
	used    int
	bytes   []byte // the keys
}

type keyEntry struct {
	at   int // in bytes
	n    uint32
	name uint32
	part int32
}

func newKeySet() *keySet {
	return &keySet{names: map[string]uint32{}, hashes: make([]uint64, 1024), entries: make([]keyEntry, 1024)}
}

// part returns the part of a key; one that isn't known comes into the set with the part given if insert is set.
func (s *keySet) part(name string, key []byte, part int32, insert bool) int32 {
	if name != s.last || s.lastID == 0 {
		id, known := s.names[name]
		if !known {
			id = uint32(len(s.names) + 1)
			s.names[name] = id
		}
		s.last, s.lastID = name, id
	}
	hash := max(1, state.HashBytes(key)^uint64(s.lastID)*0x9E3779B97F4A7C15)
	mask := uint64(len(s.hashes) - 1)
	at := hash & mask
	for ; s.hashes[at] != 0; at = (at + 1) & mask {
		if s.hashes[at] != hash {
			continue
		}
		e := &s.entries[at]
		if e.name == s.lastID && bytes.Equal(s.bytes[e.at:e.at+int(e.n)], key) {
			return e.part
		}
	}
	if !insert {
		return part
	}
	s.hashes[at], s.entries[at] = hash, keyEntry{len(s.bytes), uint32(len(key)), s.lastID, part}
	s.bytes = append(s.bytes, key...)
	if s.used++; 2*s.used > len(s.hashes) {
		s.grow()
	}
	return part
}

func (s *keySet) grow() {
	hashes, entries := s.hashes, s.entries
	s.hashes, s.entries = make([]uint64, 2*len(hashes)), make([]keyEntry, 2*len(entries))
	mask := uint64(len(s.hashes) - 1)
	for i, hash := range hashes {
		if hash != 0 {
			at := hash & mask
			for s.hashes[at] != 0 {
				at = (at + 1) & mask
			}
			s.hashes[at], s.entries[at] = hash, entries[i]
		}
	}
}
