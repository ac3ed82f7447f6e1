package task

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
)

// materializer makes a changelog whose key differs from the table's primary key fit for an upsert sink. Changes of rows
// that share a primary key arrive in any order; so it keeps, per primary key, the rows that have been added and not
// retracted, in the order of arrival, and the last of them is the one in the table. Rows in: any changelog. Rows out: +I
// for the first row of a key, +U when the last one changes, -D when none is left; a retraction of a row that isn't known
// is ignored.
//
// Retracted rows are found by the query's own key when it has one, else by all their columns.
//
// Source: Flink's SinkUpsertMaterializer.
type materializer struct {
	primary  []int
	identity []int // the columns by which a retracted row is found
	keyed    bool  // they are the query's key: a row with the same ones replaces the one before
	keys     *state.Store
	account  *state.Account
	keyTypes []types.Type
	lists    [][]int32 // by the slot of keys: numbers of rows
	rows     state.Rows
	out      *types.Batch

	cols  []*types.Vector
	slots []int32
	sel   []int32
	row   []byte
	ids   state.Rows // of each row in rows: the encoded identity, under the same number
	id    []byte

	restored *types.Batch // a row that is taken back
	one      []*types.Vector
}

var errMaterialized = errors.New("the checkpoint's rows of the sink are malformed, or of another table")

func newMaterializer(node *physical.Sink) *materializer {
	m := &materializer{primary: node.Key, out: types.NewBatch(node.Schema)}
	m.identity = node.Inputs[0].From.Base().Key
	if m.keyed = len(m.identity) > 0; !m.keyed {
		m.identity = make([]int, len(node.Schema.Fields))
		for i := range m.identity {
			m.identity[i] = i
		}
	}
	for _, c := range m.primary {
		m.keyTypes = append(m.keyTypes, node.Schema.Fields[c].Type)
	}
	return m
}

// open takes back state from a checkpoint unless that is nil.
func (m *materializer) open(memory *state.Memory, from *state.Reader) error {
	m.account = memory.Account(m.used)
	m.keys = state.NewStore(m.keyTypes, "rows", m, m.account)
	cols := make([]*types.Vector, len(m.keyTypes))
	for i, t := range m.keyTypes {
		cols[i] = types.NewVector(t)
	}
	return from.Each("rows", func(key, value []byte) error { return m.keys.Restore(cols, key, value) })
}

func pick(cols []*types.Vector, which []int, to []*types.Vector) []*types.Vector {
	to = to[:0]
	for _, c := range which {
		to = append(to, cols[c])
	}
	return to
}

// process returns the changes of the table; the batch is the materializer's until the next call.
func (m *materializer) process(b *types.Batch) (*types.Batch, error) {
	m.out.Reset()
	n := b.Rows()
	m.cols = pick(b.Cols, m.primary, m.cols)
	var err error
	if m.slots, err = m.keys.Lookup(m.cols, b.Sel, n, slices.Grow(m.slots[:0], n)[:n]); err != nil {
		return nil, err
	}
	m.grow()
	for k, slot := range m.slots {
		i := k
		if b.Sel != nil {
			i = int(b.Sel[k])
		}
		if err := m.change(slot, b, i); err != nil {
			return nil, err
		}
	}
	for _, slot := range m.slots { // only now: rows of the batch may have shared the key
		if m.keys.Has(slot) && len(m.lists[slot]) == 0 {
			m.keys.Remove(slot)
		}
	}
	return m.out, nil
}

func (m *materializer) change(slot int32, b *types.Batch, i int) error {
	list := m.lists[slot]
	m.cols = pick(b.Cols, m.identity, m.cols)
	m.id = types.EncodeRow(m.id[:0], m.cols, i)
	at := slices.IndexFunc(list, func(r int32) bool { return string(m.ids.Get(r)) == string(m.id) })
	if !b.Kind(i).Retracts() {
		kind := types.UpdateAfter
		if len(list) == 0 {
			kind = types.Insert
		}
		m.row = types.EncodeRow(m.row[:0], b.Cols, i)
		if at >= 0 && m.keyed {
			m.rows.Replace(list[at], m.row)
		} else {
			m.lists[slot] = append(list, m.add(m.row, m.id))
		}
		m.sel = append(m.sel[:0], int32(i))
		m.emitFrom(b, kind)
		return nil
	}
	if at < 0 {
		return nil
	}
	m.rows.Remove(list[at])
	m.ids.Remove(list[at])
	list = slices.Delete(list, at, at+1)
	m.lists[slot] = list
	switch {
	case len(list) == 0:
		m.sel = append(m.sel[:0], int32(i))
		m.emitFrom(b, types.Delete)
	case at == len(list): // it was the last: the one before is the table's row again
		if _, err := types.DecodeRow(m.rows.Get(list[at-1]), m.out.Cols); err != nil {
			return err
		}
		m.out.AppendKind(types.UpdateAfter)
	}
	return nil
}

func (m *materializer) add(row, id []byte) int32 {
	m.ids.Add(0, id) // both stores hand out the same numbers, being changed alike
	return m.rows.Add(0, row)
}

// emitFrom appends the row that m.sel names, with another kind.
func (m *materializer) emitFrom(b *types.Batch, kind types.RowKind) {
	for c, v := range m.out.Cols {
		v.AppendSelected(b.Cols[c], m.sel)
	}
	m.out.AppendKind(kind)
}

func (m *materializer) grow() {
	for len(m.lists) < m.keys.Cap() {
		m.lists = append(m.lists, nil)
	}
}

// used estimates the memory in use.
func (m *materializer) used() int {
	return m.keys.Used() + m.rows.Used() + m.ids.Used() + m.keys.InUse(24*len(m.lists))
}

// Encode appends the rows of a primary key, each behind its length.
func (m *materializer) Encode(dst []byte, slot int32) []byte {
	for _, r := range m.lists[slot] {
		row := m.rows.Get(r)
		dst = append(binary.AppendUvarint(dst, uint64(len(row))), row...)
	}
	return dst
}

// Decode implements state.Codec.
func (m *materializer) Decode(slot int32, value []byte) error {
	m.grow()
	b := m.restored
	if b == nil {
		b = types.NewBatch(m.out.Schema)
		m.restored = b
	}
	for len(value) > 0 {
		n, used := binary.Uvarint(value)
		if used <= 0 || n > uint64(len(value)-used) {
			return errMaterialized
		}
		row := value[used : used+int(n)]
		value = value[used+int(n):]
		b.Reset()
		if rest, err := types.DecodeRow(row, b.Cols); err != nil || len(rest) > 0 {
			return errMaterialized
		}
		m.one = pick(b.Cols, m.identity, m.one)
		m.id = types.EncodeRow(m.id[:0], m.one, 0)
		m.lists[slot] = append(m.lists[slot], m.add(row, m.id))
	}
	return nil
}

// Drop implements state.Dropper.
func (m *materializer) Drop(slot int32) {
	for _, r := range m.lists[slot] {
		m.rows.Remove(r)
		m.ids.Remove(r)
	}
	m.lists[slot] = m.lists[slot][:0]
}

// snapshot writes an entry "rows" per primary key.
func (m *materializer) snapshot(w *state.Writer) error { return m.keys.Snapshot(w) }

func (m *materializer) close() error {
	err := m.keys.Close()
	m.account.Close()
	return err
}
