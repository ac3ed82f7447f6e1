package udf

import "github.com/weirsql/weir/types"

// BoundAggregate is an aggregate function bound to argument types.
type BoundAggregate struct {
	Args   []types.Type // what each argument is cast to before the call
	Result types.Type   // nullability included
	// AppendOnly functions can't take rows back: over an input that changes rows the planner refuses them.
	AppendOnly bool
	// New makes the accumulators of one operator instance. retract says that Retract will be called; functions that
	// can forget (SUM) then keep counts, and those that can't (MIN, MAX) keep their values.
	New func(retract bool) Accumulator
}

// Accumulator holds the states of one aggregate call for many groups. A group is a small integer that the operator
// hands out and takes back; states live in slices indexed by it, so that a batch is accumulated by one call per
// aggregate and the collector sees no pointers. Only one goroutine uses an Accumulator.
//
// In every method rows[k] is the physical row that goes to groups[k]; nil rows stand for 0, 1, 2, ….
// FILTER and DISTINCT are the operator's business: it passes only the rows that count.
type Accumulator interface {
	// Grow makes room for groups 0..n-1. New groups hold the state of no rows.
	Grow(n int)
	// Reset gives the group the state of no rows.
	Reset(group int32)
	// Add accumulates rows; NULL arguments count as the function's definition says.
	Add(groups []int32, args []*types.Vector, rows []int32)
	// Retract takes rows back that were added before.
	Retract(groups []int32, args []*types.Vector, rows []int32)
	// Merge adds the state of src to dst; src is unchanged.
	Merge(dst, src int32)
	// Result appends each group's result to out.
	Result(groups []int32, out *types.Vector)
	// Encode appends the group's state to dst in a portable form.
	Encode(dst []byte, group int32) []byte
	// Decode sets the group's state from what Encode wrote at the start of src and returns the rest.
	Decode(group int32, src []byte) (rest []byte, err error)
	// Bytes estimates the memory held.
	Bytes() int
}

// Step is what a row does to the state of its group.
type Step uint8

const (
	// StepAdd adds the row.
	StepAdd Step = iota
	// StepRetract takes the row back.
	StepRetract
	// StepNone leaves the state as it is: FILTER keeps the row away.
	StepNone
	// StepReset gives the group the state of no rows: the last one was taken back.
	StepReset
)

// Runner is implemented by accumulators that give the results between the rows of a batch by themselves. It makes no
// difference then how many rows a group has in a batch.
type Runner interface {
	// Run takes one row after the other, and appends to out the result that its group has behind it: what Add, Retract or
	// Reset and Result do for single rows. steps[k] belongs to groups[k]; nil steps: all rows are added.
	Run(groups []int32, args []*types.Vector, rows []int32, steps []Step, out *types.Vector)
}

// Failing is implemented by accumulators whose functions may fail, users' own among them. The operator asks after each
// call; there is no going on after an error.
type Failing interface {
	// Err returns the first error of any call, nil as long as there was none. One that concerns one row is a *RowError.
	Err() error
}
