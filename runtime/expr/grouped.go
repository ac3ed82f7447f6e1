package expr

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/weirsql/weir/planner/rex"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

// Grouped is calls of functions with memory, each of which has a memory per group: a small integer that the owner hands
// out. Their arguments are expressions over one input, without a memory of their own. One goroutine uses it.
type Grouped struct {
	program *Program
}

// CompileGrouped compiles calls over the columns of an input.
func CompileGrouped(calls []*rex.Call) (*Grouped, error) {
	exprs := make([]rex.Expr, len(calls))
	for i, c := range calls {
		exprs[i] = c
	}
	p, err := Compile(exprs)
	if err != nil {
		return nil, err
	}
	if len(p.stateful) != len(calls) {
		return nil, fmt.Errorf("%d of the %d calls have memory for each group", len(p.stateful), len(calls))
	}
	return &Grouped{p}, nil
}

// Open sets what functions may know of their job; before the first Eval.
func (g *Grouped) Open(ctx *udf.Context) { g.program.Open(ctx) }

// Eval is Program.Eval: groups[i] is the group of the i-th row of b that counts.
func (g *Grouped) Eval(b *types.Batch, groups []int32) ([]*types.Vector, error) {
	g.program.groups = groups
	return g.program.Eval(b)
}

// Grow makes room for the groups 0..n-1.
func (g *Grouped) Grow(n int) {
	for _, s := range g.program.stateful {
		s.instance.Grow(n)
	}
}

// Reset gives a group the state of no rows.
func (g *Grouped) Reset(group int32) {
	for _, s := range g.program.stateful {
		s.instance.Reset(group)
	}
}

// Encode appends a group's memories, each behind its length as a uvarint.
func (g *Grouped) Encode(dst []byte, group int32) []byte {
	for _, s := range g.program.stateful {
		// Most lengths take one or two bytes, which isn't known before: the memory is moved behind its own length.
		at := len(dst)
		dst = s.instance.Encode(append(dst, 0, 0), group)
		dst = closeLength(dst, at)
	}
	return dst
}

// closeLength writes the length of what begins two bytes behind at in front of it.
func closeLength(b []byte, at int) []byte {
	n := len(b) - at - 2
	var length [binary.MaxVarintLen64]byte
	used := binary.PutUvarint(length[:], uint64(n))
	for range used - 2 {
		b = append(b, 0)
	}
	copy(b[at+used:], b[at+2:at+2+n])
	copy(b[at:], length[:used])
	return b[:at+used+n]
}

var errMemory = errors.New("the memory of a function is cut off, or was written by another query")

// Decode gives a group without rows what Encode wrote at the start of src, and returns the rest.
func (g *Grouped) Decode(group int32, src []byte) (rest []byte, err error) {
	for _, s := range g.program.stateful {
		n, used := binary.Uvarint(src)
		if used <= 0 || n > uint64(len(src)-used) {
			return nil, errMemory
		}
		if err := s.instance.Decode(group, src[used:used+int(n)]); err != nil {
			return nil, evalError(s, nil, -1, fmt.Errorf("take back its memory: %w", err))
		}
		src = src[used+int(n):]
	}
	return src, nil
}

// Bytes estimates the memory that the functions hold.
func (g *Grouped) Bytes() (n int) {
	for _, s := range g.program.stateful {
		n += s.instance.Bytes()
	}
	return n
}
