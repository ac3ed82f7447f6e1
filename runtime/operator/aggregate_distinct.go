package operator

import (
	"encoding/binary"
	"errors"

	"github.com/weirsql/weir/runtime/state"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// distinct is the accumulator of an aggregate call with DISTINCT: it keeps, per group, the argument values seen and how
// often, and lets the accumulator inside see a value when it comes first and when its last row is retracted. NULLs are
// values here; whether they count is the inner accumulator's affair.
//
// All groups share one table, whose rows are the group and the encoded value; a group's rows are linked so that they
// can be forgotten, merged and saved together.
type distinct struct {
	inner  udf.Accumulator
	values *state.Rows
	counts []int64 // by row of values
	next   []int32 // by row: the group's next row, or -1
	prev   []int32
	heads  []int32 // by group: its first row, or -1

	buf          []byte
	groups, rows []int32         // what the inner accumulator gets to see
	merged       []*types.Vector // values that a merge has added
	args         []types.Type
}

var _ udf.Accumulator = (*distinct)(nil)

func newDistinct(inner udf.Accumulator, args []types.Type) *distinct {
	d := &distinct{inner: inner, values: state.NewIndexedRows(), args: args}
	for _, t := range args {
		d.merged = append(d.merged, types.NewVector(t))
	}
	return d
}

// Err implements udf.Failing: which row of the values it was says nothing here.
func (d *distinct) Err() error {
	f, ok := d.inner.(udf.Failing)
	if !ok {
		return nil
	}
	err := f.Err()
	var row *udf.RowError
	if errors.As(err, &row) {
		return row.Err
	}
	return err
}

func (d *distinct) Grow(n int) {
	d.inner.Grow(n)
	for len(d.heads) < n {
		d.heads = append(d.heads, -1)
	}
}

// key puts a group and a value into buf and returns the hash of both.
func (d *distinct) key(group int32, args []*types.Vector, row int) uint64 {
	d.buf = binary.LittleEndian.AppendUint32(d.buf[:0], uint32(group))
	d.buf = types.EncodeRow(d.buf, args, row)
	return state.HashBytes(d.buf)
}

// count adds to the count of the value in buf and returns the new count and the row.
func (d *distinct) count(hash uint64, group int32, by int64) (count int64, row int32) {
	row = d.values.Find(hash, d.buf)
	if row >= 0 {
		d.counts[row] += by
		return d.counts[row], row
	}
	row = d.values.Add(hash, d.buf)
	if int(row) == len(d.counts) {
		d.counts, d.next, d.prev = append(d.counts, 0), append(d.next, 0), append(d.prev, 0)
	}
	head := d.heads[group]
	d.counts[row], d.next[row], d.prev[row] = by, head, -1
	if head >= 0 {
		d.prev[head] = row
	}
	d.heads[group] = row
	return by, row
}

func (d *distinct) forget(group, row int32) {
	if p := d.prev[row]; p >= 0 {
		d.next[p] = d.next[row]
	} else {
		d.heads[group] = d.next[row]
	}
	if n := d.next[row]; n >= 0 {
		d.prev[n] = d.prev[row]
	}
	d.values.Remove(row)
}

func (d *distinct) Add(groups []int32, args []*types.Vector, rows []int32) {
	d.groups, d.rows = d.groups[:0], d.rows[:0]
	for k, g := range groups {
		i := int32(k)
		if rows != nil {
			i = rows[k]
		}
		hash := d.key(g, args, int(i))
		if n, _ := d.count(hash, g, 1); n == 1 {
			d.groups, d.rows = append(d.groups, g), append(d.rows, i)
		}
	}
	if len(d.groups) > 0 {
		d.inner.Add(d.groups, args, d.rows)
	}
}

func (d *distinct) Retract(groups []int32, args []*types.Vector, rows []int32) {
	d.groups, d.rows = d.groups[:0], d.rows[:0]
	for k, g := range groups {
		i := int32(k)
		if rows != nil {
			i = rows[k]
		}
		hash := d.key(g, args, int(i))
		if d.values.Find(hash, d.buf) < 0 {
			continue // never added, or expired
		}
		if n, row := d.count(hash, g, -1); n == 0 {
			d.forget(g, row)
			d.groups, d.rows = append(d.groups, g), append(d.rows, i)
		}
	}
	if len(d.groups) > 0 {
		d.inner.Retract(d.groups, args, d.rows)
	}
}

// Merge lets the inner accumulator of dst see the values that only src has.
func (d *distinct) Merge(dst, src int32) {
	d.groups = d.groups[:0]
	for _, v := range d.merged {
		v.Reset()
	}
	for row := d.heads[src]; row >= 0; row = d.next[row] {
		value := d.values.Get(row)[4:]
		d.buf = binary.LittleEndian.AppendUint32(d.buf[:0], uint32(dst))
		d.buf = append(d.buf, value...)
		by := d.counts[row]
		if n, _ := d.count(state.HashBytes(d.buf), dst, by); n != by {
			continue
		}
		if _, err := types.DecodeRow(d.buf[4:], d.merged); err != nil {
			panic("operator: distinct value does not decode: " + err.Error()) // EncodeRow wrote it for these types
		}
		d.groups = append(d.groups, dst)
	}
	if len(d.groups) > 0 {
		d.inner.Add(d.groups, d.merged, nil)
	}
}

func (d *distinct) Reset(group int32) {
	d.inner.Reset(group)
	for row := d.heads[group]; row >= 0; {
		next := d.next[row]
		d.values.Remove(row)
		row = next
	}
	d.heads[group] = -1
}

func (d *distinct) Result(groups []int32, out *types.Vector) { d.inner.Result(groups, out) }

// Encode writes the inner state, the number of values, and for each its length, bytes and count.
func (d *distinct) Encode(dst []byte, group int32) []byte {
	dst = d.inner.Encode(dst, group)
	n := uint64(0)
	for row := d.heads[group]; row >= 0; row = d.next[row] {
		n++
	}
	dst = binary.AppendUvarint(dst, n)
	for row := d.heads[group]; row >= 0; row = d.next[row] {
		value := d.values.Get(row)[4:]
		dst = append(binary.AppendUvarint(dst, uint64(len(value))), value...)
		dst = binary.AppendVarint(dst, d.counts[row])
	}
	return dst
}

func (d *distinct) Decode(group int32, src []byte) (rest []byte, err error) {
	d.Reset(group)
	if src, err = d.inner.Decode(group, src); err != nil {
		return nil, err
	}
	n, used := binary.Uvarint(src)
	if used <= 0 {
		return nil, errState
	}
	src = src[used:]
	for range n {
		size, used := binary.Uvarint(src)
		if used <= 0 || size > uint64(len(src)-used) {
			return nil, errState
		}
		d.buf = binary.LittleEndian.AppendUint32(d.buf[:0], uint32(group))
		d.buf = append(d.buf, src[used:used+int(size)]...)
		src = src[used+int(size):]
		count, used := binary.Varint(src)
		if used <= 0 {
			return nil, errState
		}
		src = src[used:]
		d.count(state.HashBytes(d.buf), group, count)
	}
	return src, nil
}

func (d *distinct) Bytes() int {
	return d.inner.Bytes() + d.values.Bytes() + 8*cap(d.counts) + 4*(cap(d.next)+cap(d.prev)+cap(d.heads))
}
