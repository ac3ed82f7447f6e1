package operator

import (
	"encoding/binary"
	"errors"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/runtime/expr"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// aggregates is the aggregate calls of one operator with the states of all its groups. Groups are small integers that
// the operator takes from here and gives back.
type aggregates struct {
	calls []aggregate
	// counts is the number of rows of each group, additions minus retractions; nil when nothing is retracted.
	counts []int64

	groups int     // groups in use or free: 0..groups-1
	free   []int32 // groups that were given back

	// partial is the column in which a localAggregate below has put accumulators; -1: there is none.
	partial int
	// numbered says that groups have numbers of the operator's own: take is not used.
	numbered bool
	scratch  [1]int32

	split splitRows

	calling int   // 1 + the call whose function is at work, 0: none is
	failed  error // the first failure of a function
	failing []failingCall
	running *udf.Running // or nil
}

// failingCall is a call whose function may fail.
type failingCall struct {
	udf.Failing
	call int
}

// aggregate is one call: FILTER and DISTINCT decide here which rows its accumulator sees.
type aggregate struct {
	acc    udf.Accumulator
	args   []int
	filter int
	cols   []*types.Vector
	name   string // as written
	span   diag.Span

	rows, groups []int32 // rows that pass the filter
}

func newAggregates(calls []physical.AggCall, retract bool) *aggregates {
	a := &aggregates{calls: make([]aggregate, len(calls)), partial: -1}
	for i, c := range calls {
		acc := c.Fn.New(retract)
		if c.Distinct {
			acc = newDistinct(acc, c.Fn.Args)
		}
		a.calls[i] = aggregate{acc: acc, args: c.Args, filter: c.Filter, name: c.Name, span: c.Span}
		if f, ok := acc.(udf.Failing); ok {
			a.failing = append(a.failing, failingCall{f, i})
		}
	}
	if retract {
		a.counts = []int64{}
	}
	return a
}

// take returns a group without rows.
func (a *aggregates) take() int32 {
	if n := len(a.free); n > 0 {
		g := a.free[n-1]
		a.free = a.free[:n-1]
		return g
	}
	a.groups++
	a.grow(a.groups)
	return int32(a.groups - 1)
}

// grow makes room for the groups 0..n-1.
func (a *aggregates) grow(n int) {
	a.groups = max(a.groups, n)
	for i := range a.calls {
		a.calls[i].acc.Grow(a.groups)
	}
	if a.counts != nil {
		for len(a.counts) < a.groups {
			a.counts = append(a.counts, 0)
		}
	}
}

// giveBack forgets the rows of groups, which may be taken again.
func (a *aggregates) giveBack(groups []int32) {
	a.reset(groups)
	a.free = append(a.free, groups...)
}

func (a *aggregates) reset(groups []int32) {
	for i := range a.calls {
		for _, g := range groups {
			a.calls[i].acc.Reset(g)
		}
	}
	if a.counts != nil {
		for _, g := range groups {
			a.counts[g] = 0
		}
	}
}

// accumulate takes the rows of b that rows names (nil: 0..len(groups)-1) into the groups beside them. Of a batch with
// changes the additions go first: accumulators keep counts of what can be retracted, so that order doesn't matter.
func (a *aggregates) accumulate(b *types.Batch, groups, rows []int32) {
	if a.counts == nil || b.Kinds == nil {
		a.add(b, groups, rows)
		return
	}
	s := &a.split
	s.of(b.Kinds, groups, rows)
	if len(s.addGroups) > 0 {
		a.add(b, s.addGroups, s.addRows)
	}
	if len(s.retractGroups) > 0 {
		a.retract(b, s.retractGroups, s.retractRows)
	}
}

// accumulateBoth is accumulate for an operator that may stand behind a localAggregate: rows may be partial results.
func (a *aggregates) accumulateBoth(b *types.Batch, groups, rows []int32) error {
	if a.partial < 0 || len(b.Cols[a.partial].Data) == 0 {
		a.accumulate(b, groups, rows)
		return nil
	}
	v, s := b.Cols[a.partial], &a.split
	s.addGroups, s.addRows = s.addGroups[:0], s.addRows[:0]
	if a.numbered {
		// Behind the groups there are; its number is the next new group's, which finds it without rows.
		a.scratch[0] = int32(a.groups)
		a.grow(a.groups + 1)
	} else {
		a.scratch[0] = a.take()
	}
	for k, g := range groups {
		i := int(rowAt(rows, k))
		value := v.Bytes(i)
		if len(value) == 0 {
			s.addGroups, s.addRows = append(s.addGroups, g), append(s.addRows, int32(i))
			continue
		}
		_, used := binary.Uvarint(value)
		if err := a.decode(a.scratch[0], value[max(used, 0):]); err != nil {
			return err
		}
		a.merge(g, a.scratch[0])
	}
	if a.numbered {
		a.reset(a.scratch[:])
		a.groups--
	} else {
		a.giveBack(a.scratch[:])
	}
	if len(s.addGroups) > 0 {
		a.add(b, s.addGroups, s.addRows)
	}
	return nil
}

// rowsOf is how many rows of the input the n rows of b stand for that rows names.
func (a *aggregates) rowsOf(b *types.Batch, rows []int32, n int) int {
	if a.partial < 0 {
		return n
	}
	v, sum := b.Cols[a.partial], 0
	for k := range n {
		gathered, used := binary.Uvarint(v.Bytes(int(rowAt(rows, k))))
		if used <= 0 {
			gathered = 1
		}
		sum += int(gathered)
	}
	return sum
}

func (a *aggregates) add(b *types.Batch, groups, rows []int32) {
	for i := range a.calls {
		c := &a.calls[i]
		if g, r := c.passing(b, groups, rows); len(g) > 0 {
			a.begin(i)
			c.acc.Add(g, c.cols, r)
			a.end(c.cols)
		}
	}
	if a.counts != nil {
		for _, g := range groups {
			a.counts[g]++
		}
	}
}

func (a *aggregates) retract(b *types.Batch, groups, rows []int32) {
	for i := range a.calls {
		c := &a.calls[i]
		if g, r := c.passing(b, groups, rows); len(g) > 0 {
			a.begin(i)
			c.acc.Retract(g, c.cols, r)
			a.end(c.cols)
		}
	}
	for _, g := range groups {
		a.counts[g]--
	}
}

// passing sets the argument columns and returns the rows for which FILTER is TRUE, with their groups.
func (c *aggregate) passing(b *types.Batch, groups, rows []int32) (g, r []int32) {
	c.cols = c.cols[:0]
	for _, k := range c.args {
		c.cols = append(c.cols, b.Cols[k])
	}
	if c.filter < 0 {
		return groups, rows
	}
	// Each row is written and some are counted: a branch would be guessed wrong for many.
	v, n := b.Cols[c.filter], 0
	c.groups, c.rows = resize(c.groups, len(groups)), resize(c.rows, len(groups))
	g, r = c.groups, c.rows
	switch {
	case len(v.Valid) > 0:
		for k, group := range groups {
			i := rowAt(rows, k)
			g[n], r[n] = group, i
			n += one(v.Bool[i] && v.Valid.Get(int(i)))
		}
	case rows == nil:
		for k, is := range v.Bool[:len(groups)] {
			g[n], r[n] = groups[k], int32(k)
			n += one(is)
		}
	default:
		for k, i := range rows[:len(groups)] {
			g[n], r[n] = groups[k], i
			n += one(v.Bool[i])
		}
	}
	return g[:n], r[:n]
}

// one is 1 for true.
func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

// merge adds the rows of group src to group dst.
func (a *aggregates) merge(dst, src int32) {
	for i := range a.calls {
		a.begin(i)
		a.calls[i].acc.Merge(dst, src)
		a.end(nil)
	}
	if a.counts != nil {
		a.counts[dst] += a.counts[src]
	}
}

// result appends the groups' results to columns, one per call.
func (a *aggregates) result(groups []int32, out []*types.Vector) {
	for i := range a.calls {
		a.begin(i)
		a.calls[i].acc.Result(groups, out[i])
		a.end(nil)
	}
}

// begin notes that the function of a call is at work.
func (a *aggregates) begin(call int) {
	a.calling = call + 1
	if a.failing != nil {
		a.running.Begin(&a.calls[call].name)
	}
}

// end notes that it is done with rows of args, and whether it has failed.
func (a *aggregates) end(args []*types.Vector) {
	call := a.calling - 1
	if a.calling = 0; a.failing == nil {
		return
	}
	gone := a.running.End()
	if a.failed != nil {
		return
	}
	if a.failed = gone; gone != nil {
		return
	}
	for _, f := range a.failing {
		if f.call == call {
			if err := f.Err(); err != nil {
				a.failed = a.failure(f.call, args, err)
			}
		}
	}
}

// err is the first failure of a function; see Calls.Err.
func (a *aggregates) err() error {
	for _, f := range a.failing {
		if a.failed == nil {
			if err := f.Err(); err != nil {
				a.failed = a.failure(f.call, nil, err)
			}
		}
	}
	return a.failed
}

// failure is an error of a call, with the arguments of the row that is to blame.
func (a *aggregates) failure(call int, args []*types.Vector, err error) error {
	c := &a.calls[call]
	return expr.CallError(c.name, c.span, args, err)
}

// called describes the call whose function is at work.
func (a *aggregates) called() (function string, at diag.Span) {
	if a.calling == 0 {
		return "", diag.Span{}
	}
	c := &a.calls[a.calling-1]
	return c.name, c.span
}

// encode appends a group's state: its count of rows, if there is one, as a varint, and each accumulator's.
func (a *aggregates) encode(dst []byte, group int32) []byte {
	if a.counts != nil {
		dst = binary.AppendVarint(dst, a.counts[group])
	}
	for i := range a.calls {
		dst = a.calls[i].acc.Encode(dst, group)
	}
	return dst
}

// errState says that an entry of a checkpoint isn't what this operator writes.
var errState = errors.New("an entry of the state is damaged, or was written by another query")

func (a *aggregates) decode(group int32, src []byte) error {
	if a.counts != nil {
		n, used := binary.Varint(src)
		if used <= 0 {
			return errState
		}
		a.counts[group], src = n, src[used:]
	}
	for i := range a.calls {
		var err error
		if src, err = a.calls[i].acc.Decode(group, src); err != nil {
			return err
		}
	}
	if len(src) > 0 {
		return errState
	}
	return nil
}

func (a *aggregates) bytes() int {
	n := 8*cap(a.counts) + 4*cap(a.free)
	for i := range a.calls {
		n += a.calls[i].acc.Bytes()
	}
	return n
}

// splitRows tells additions from retractions.
type splitRows struct {
	addGroups, addRows, retractGroups, retractRows []int32
}

func (s *splitRows) of(kinds []types.RowKind, groups, rows []int32) {
	s.addGroups, s.addRows = s.addGroups[:0], s.addRows[:0]
	s.retractGroups, s.retractRows = s.retractGroups[:0], s.retractRows[:0]
	for k, g := range groups {
		i := int32(k)
		if rows != nil {
			i = rows[k]
		}
		if kinds[i].Retracts() {
			s.retractGroups, s.retractRows = append(s.retractGroups, g), append(s.retractRows, i)
		} else {
			s.addGroups, s.addRows = append(s.addGroups, g), append(s.addRows, i)
		}
	}
}
