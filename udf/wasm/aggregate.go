package wasm

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// accumulator is an aggregate function: one instance, in which the states of all groups live.
type accumulator struct {
	sig  *signature
	inst *instance
	args []types.Type
	err  error

	room     int    // groups that the module has room for
	used     []bool // groups with rows
	live     int    // how many
	measured int    // bytes of the latest state encoded

	columns  []*types.Vector // rows that count, gathered
	selected []int32
	groups   []int32
	one      [1]int32
	bytes    *types.Vector
}

var (
	_ udf.Accumulator = (*accumulator)(nil)
	_ udf.Failing     = (*accumulator)(nil)
)

func newAccumulator(m *module, sig *signature, limits udf.Limits, args []types.Type, retract bool) *accumulator {
	a := &accumulator{sig: sig, args: args, bytes: types.NewVector(types.BytesType)}
	for _, t := range args {
		a.columns = append(a.columns, types.NewVector(t))
	}
	if retract && !sig.retract {
		a.err = fmt.Errorf("%s can't take rows back, and rows of this query are: it has no Retract", sig.name)
		return a
	}
	a.inst, a.err = m.open(limits)
	return a
}

// Err implements udf.Failing.
func (a *accumulator) Err() error { return a.err }

// fail notes the first error; the instance is of no use after one.
func (a *accumulator) fail(err error) {
	if a.err == nil && err != nil {
		a.err = err
		a.inst.close()
	}
}

// Grow implements udf.Accumulator.
func (a *accumulator) Grow(n int) {
	for len(a.used) < n {
		a.used = append(a.used, false)
	}
	if a.err != nil || n <= a.room {
		return
	}
	a.room = max(n, 2*a.room)
	_, err := a.inst.call(a.sig.name+"_grow", uint32(a.room))
	a.fail(err)
}

// Reset implements udf.Accumulator.
func (a *accumulator) Reset(group int32) {
	if a.err != nil || !a.used[group] {
		return
	}
	a.used[group] = false
	a.live--
	_, err := a.inst.call(a.sig.name+"_reset", uint32(group))
	a.fail(err)
}

func (a *accumulator) use(group int32) {
	if !a.used[group] {
		a.used[group] = true
		a.live++
	}
}

// Add implements udf.Accumulator.
func (a *accumulator) Add(groups []int32, args []*types.Vector, rows []int32) {
	a.rows("_add", groups, args, rows)
}

// Retract implements udf.Accumulator.
func (a *accumulator) Retract(groups []int32, args []*types.Vector, rows []int32) {
	a.rows("_retract", groups, args, rows)
}

// rows passes rows to an export; those with a NULL argument only if the function sees NULLs.
func (a *accumulator) rows(export string, groups []int32, args []*types.Vector, rows []int32) {
	if a.err != nil {
		return
	}
	a.selected, a.groups = a.selected[:0], a.groups[:0]
	for k, g := range groups {
		row := int32(k)
		if rows != nil {
			row = rows[k]
		}
		counts := true
		for _, v := range args {
			counts = counts && (a.sig.nulls || v.Valid.Get(int(row)))
		}
		if counts {
			a.use(g)
			a.selected, a.groups = append(a.selected, row), append(a.groups, g)
		}
	}
	if len(a.groups) == 0 {
		return
	}
	for k, v := range a.columns {
		v.Reset()
		v.AppendSelected(args[k], a.selected)
	}
	err := a.inst.aggregate(a.sig.name+export, a.groups, a.columns, nil)
	var row *udf.RowError
	if errors.As(err, &row) {
		err = &udf.RowError{Row: int(a.selected[row.Row]), Err: row.Err}
	}
	a.fail(err)
}

// Merge implements udf.Accumulator.
func (a *accumulator) Merge(dst, src int32) {
	if a.err != nil || !a.used[src] {
		return
	}
	a.use(dst)
	a.groups = append(a.groups[:0], dst, src)
	a.fail(a.inst.aggregate(a.sig.name+"_merge", a.groups, nil, nil))
}

// Result implements udf.Accumulator.
func (a *accumulator) Result(groups []int32, out *types.Vector) {
	end := out.N + len(groups)
	if a.err == nil && len(groups) > 0 {
		a.fail(a.inst.aggregate(a.sig.name+"_result", groups, nil, out))
	}
	for out.N < end { // after an error; nobody sees them
		out.AppendNull()
	}
}

// Encode implements udf.Accumulator: the length of what the module gives, and that; nothing for a group without rows.
func (a *accumulator) Encode(dst []byte, group int32) []byte {
	if a.err != nil || !a.used[group] {
		return binary.AppendUvarint(dst, 0)
	}
	a.one[0] = group
	a.bytes.Reset()
	if a.fail(a.inst.aggregate(a.sig.name+"_encode", a.one[:], nil, a.bytes)); a.err != nil {
		return binary.AppendUvarint(dst, 0)
	}
	state := a.bytes.Bytes(0)
	a.measured = len(state)
	dst = binary.AppendUvarint(dst, uint64(len(state))+1)
	return append(dst, state...)
}

// Decode implements udf.Accumulator.
func (a *accumulator) Decode(group int32, src []byte) (rest []byte, err error) {
	if a.err != nil {
		return nil, a.err
	}
	size, n := binary.Uvarint(src)
	if n <= 0 || size > uint64(len(src)-n)+1 {
		return nil, fmt.Errorf("the state of %s is damaged", a.sig.name)
	}
	a.Reset(group)
	if src = src[n:]; size == 0 {
		return src, a.err
	}
	size--
	a.use(group)
	a.one[0] = group
	a.bytes.Reset()
	a.bytes.AppendBytes(src[:size])
	if err := a.inst.aggregate(a.sig.name+"_decode", a.one[:], []*types.Vector{a.bytes}, nil); err != nil {
		a.fail(fmt.Errorf("take back the state of %s: %w", a.sig.name, err))
		return nil, a.err
	}
	return src[size:], nil
}

// perGroup is roughly what a state takes in a module beside its values.
const perGroup = 64

// Bytes implements udf.Accumulator. A module's memory never shrinks, and what is free in it is the module's secret, so this
// is what the groups with rows take if they are like the one that was encoded last.
func (a *accumulator) Bytes() int { return len(a.used) + a.live*(perGroup+a.measured) }

// aggregate calls an export over groups, with columns as long as they are, or one of states for _decode. Results are
// appended to out.
func (i *instance) aggregate(name string, groups []int32, args []*types.Vector, out *types.Vector) error {
	n, result := len(groups), types.BooleanType
	if out != nil {
		result = out.Type
	}
	f, err := i.begin(frameSize(n, args, result, true), n, len(args))
	if err != nil {
		return err
	}
	copy(f.reserve(frameGroups, 4*n), raw(groups))
	for k, a := range args {
		f.argument(k, a, n)
	}
	f.result(result, nil, n)
	status, err := i.call(name, f.at)
	if err := i.finish(&f, n, status, err); err != nil || out == nil {
		return err
	}
	at := out.N
	if !isText(out.Type) {
		extendBy(out, n)
	}
	return i.take(&f, out, at, n)
}

// extendBy appends n values that are written later.
func extendBy(v *types.Vector, n int) {
	for range n {
		v.AppendZero()
	}
}
