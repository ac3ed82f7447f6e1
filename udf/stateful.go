package udf

import "github.com/weirsql/weir/types"

// Stateful is the memory of a scalar function in one subtask: what it has learned from the rows before. A group is one
// memory: the only one, 0, of a call by itself, or a key's under OVER (PARTITION BY …). Groups are small integers that the
// operator hands out and takes back. Only one goroutine uses a Stateful.
type Stateful interface {
	// Grow makes room for groups 0..n-1. New groups have seen no rows; what they need is best made with their first row.
	Grow(n int)
	// Reset gives the group the state of no rows and frees what it held.
	Reset(group int32)
	// Eval is as the type Eval says. Rows come in the order of the stream, row i belonging to groups[i]; nil groups: all
	// rows belong to group 0.
	Eval(ctx *Context, groups []int32, args []*types.Vector, out *types.Vector, n int) error
	// Encode appends the group's state to dst in a portable form.
	Encode(dst []byte, group int32) []byte
	// Decode gives a group without rows what Encode wrote.
	Decode(group int32, state []byte) error
	// Bytes estimates the memory held.
	Bytes() int
}
