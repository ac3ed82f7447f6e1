package udf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"unsafe"

	"github.com/weirsql/weir/types"
)

// AggregateFuncs is an aggregate function over a state S: with methods of *S, the fields are method expressions.
//
//	type mean struct {
//		sum float64
//		n   int64
//	}
//	…
//	udf.Aggregate("MEAN", udf.AggregateFuncs[mean, float64, udf.Null[float64]]{
//		Accumulate: (*mean).Accumulate, Retract: (*mean).Retract, Merge: (*mean).Merge, Result: (*mean).Result,
//	})
//
// There is a state for each group, in one slice. It is saved in checkpoints by its fields, exported or not: booleans,
// numbers, strings, slices, arrays, maps and structs of them; other types need MarshalBinary (or AppendBinary) and
// UnmarshalBinary. When the fields change, state that was saved before is refused.
//
// An error fails the job, and so does a panic; the other jobs of the process go on.
type AggregateFuncs[S any, A, R Native] struct {
	// Init makes the state of no rows out of a zero S; may be nil.
	Init func(s *S)
	// Accumulate takes a row in. Rows with NULL are left out, unless A is a Null.
	Accumulate func(s *S, a A) error
	// Retract takes a row back that was accumulated before. May be nil: a query that takes back rows is refused then.
	Retract func(s *S, a A) error
	// Merge adds what from has accumulated to s, and leaves from as it is: s must not share slices or maps with it.
	Merge func(s *S, from *S) error
	// Result is the result for the rows so far; there may be more.
	Result func(s *S) (R, error)
}

// AggregateFuncs2 is AggregateFuncs with two arguments.
type AggregateFuncs2[S any, A, B, R Native] struct {
	Init       func(s *S)
	Accumulate func(s *S, a A, b B) error
	Retract    func(s *S, a A, b B) error
	Merge      func(s *S, from *S) error
	Result     func(s *S) (R, error)
}

// Aggregate defines an aggregate function of one argument.
func Aggregate[S any, A, R Native](name string, f AggregateFuncs[S, A, R], options ...Option) Spec {
	ca := codecOf[A]()
	core := &aggregateCore[S, R]{init: f.Init, merge: f.Merge, result: f.Result, lacks: f.Accumulate == nil, appendOnly: f.Retract == nil}
	return core.spec(name, options, func() stepper[S] {
		var a, buf []A
		return stepper[S]{
			load:    func(args []*types.Vector, rows []int32, n int) { a = ca.load(nil, args[0], rows, n, &buf) },
			add:     func(s *S, k int) error { return f.Accumulate(s, a[k]) },
			retract: func(s *S, k int) error { return f.Retract(s, a[k]) },
			release: func() { ca.release(buf) },
		}
	}, ca.parameter)
}

// Aggregate2 defines an aggregate function of two arguments.
func Aggregate2[S any, A, B, R Native](name string, f AggregateFuncs2[S, A, B, R], options ...Option) Spec {
	ca, cb := codecOf[A](), codecOf[B]()
	core := &aggregateCore[S, R]{init: f.Init, merge: f.Merge, result: f.Result, lacks: f.Accumulate == nil, appendOnly: f.Retract == nil}
	return core.spec(name, options, func() stepper[S] {
		var a, bufA []A
		var b, bufB []B
		return stepper[S]{
			load: func(args []*types.Vector, rows []int32, n int) {
				a, b = ca.load(nil, args[0], rows, n, &bufA), cb.load(nil, args[1], rows, n, &bufB)
			},
			add:     func(s *S, k int) error { return f.Accumulate(s, a[k], b[k]) },
			retract: func(s *S, k int) error { return f.Retract(s, a[k], b[k]) },
			release: func() {
				ca.release(bufA)
				cb.release(bufB)
			},
		}
	}, ca.parameter, cb.parameter)
}

// stepper calls the functions of one accumulator with the k-th of the rows that have been loaded.
type stepper[S any] struct {
	load         func(args []*types.Vector, rows []int32, n int)
	add, retract func(s *S, k int) error
	release      func()
}

// aggregateCore is what an aggregate function does with its states whatever its arguments are.
type aggregateCore[S any, R Native] struct {
	init   func(*S)
	merge  func(*S, *S) error
	result func(*S) (R, error)
	lacks  bool // Accumulate

	appendOnly bool // there is no Retract
	state      *stateCodec
	print      uint32
	out        *codec[R]
	strict     []bool
}

func (c *aggregateCore[S, R]) spec(name string, options []Option, steps func() stepper[S], params ...parameter) Spec {
	d := define(name, options, false, params...)
	c.out = codecOf[R]()
	t := d.result(c.out.parameter)
	for _, lacks := range []struct {
		it   bool
		name string
	}{{c.lacks, "Accumulate"}, {c.merge == nil, "Merge"}, {c.result == nil, "Result"}} {
		if lacks.it {
			d.fail("%s is missing", lacks.name)
		}
	}
	for _, p := range params {
		c.strict = append(c.strict, !p.nullable)
	}
	var err error
	if c.state, err = stateCodecOf(reflect.TypeFor[S]()); err != nil {
		d.fail("the state %s: %w", reflect.TypeFor[S](), err)
	} else {
		c.print = c.state.fingerprint()
	}
	d.spec.Aggregate = func(call *Call) (*BoundAggregate, error) {
		args, _, _, err := d.bind(call, false, params)
		if err != nil {
			return nil, err
		}
		return &BoundAggregate{
			Args: args, Result: t.WithNotNull(!c.out.nullable && t.Kind != types.Decimal), AppendOnly: c.appendOnly,
			New: func(bool) Accumulator { return &nativeAccumulator[S, R]{core: c, steps: steps()} },
		}, nil
	}
	return d.done()
}

// nativeAccumulator is an Accumulator of states of type S. After a failure it does nothing more.
type nativeAccumulator[S any, R Native] struct {
	core   *aggregateCore[S, R]
	steps  stepper[S]
	states []S
	sizes  []int // by group: bytes that the state holds beside its own size, unless none does
	held   int   // the sum of sizes
	frame  frame
	groups []int32
	err    error
}

var (
	_ Failing = (*nativeAccumulator[int64, int64])(nil)
	_ Runner  = (*nativeAccumulator[int64, int64])(nil)
)

// Err implements Failing.
func (a *nativeAccumulator[S, R]) Err() error { return a.err }

// guarded calls body unless there was a failure, and notes one.
func (a *nativeAccumulator[S, R]) guarded(body func() error) {
	if a.err != nil {
		return
	}
	if err := a.frame.guard(body); a.err == nil { // a call within may have failed
		a.err = err
	}
}

// Grow implements Accumulator.
func (a *nativeAccumulator[S, R]) Grow(n int) {
	from := len(a.states)
	if n <= from {
		return
	}
	if n > cap(a.states) {
		grown := make([]S, n, max(n, 2*cap(a.states)))
		copy(grown, a.states)
		a.states = grown
	}
	a.states = a.states[:n]
	if a.core.state.bytes != nil {
		a.sizes = append(a.sizes, make([]int, n-from)...)
	}
	for g := from; g < n; g++ {
		a.initialize(int32(g))
	}
}

// Reset implements Accumulator.
func (a *nativeAccumulator[S, R]) Reset(group int32) {
	a.initialize(group)
}

func (a *nativeAccumulator[S, R]) initialize(group int32) {
	var zero S
	a.states[group] = zero
	if a.core.init != nil {
		a.frame.at = -1
		a.guarded(func() error {
			a.core.init(&a.states[group])
			return nil
		})
	}
	a.measure(group)
}

// measure notes what the states of groups hold now.
func (a *nativeAccumulator[S, R]) measure(groups ...int32) {
	if a.core.state.bytes == nil {
		return
	}
	for _, g := range groups {
		now := a.core.state.bytes(unsafe.Pointer(&a.states[g]))
		a.held += now - a.sizes[g]
		a.sizes[g] = now
	}
}

// Add implements Accumulator.
func (a *nativeAccumulator[S, R]) Add(groups []int32, args []*types.Vector, rows []int32) {
	a.step(a.steps.add, groups, args, rows)
}

// Retract implements Accumulator.
func (a *nativeAccumulator[S, R]) Retract(groups []int32, args []*types.Vector, rows []int32) {
	a.step(a.steps.retract, groups, args, rows)
}

func (a *nativeAccumulator[S, R]) step(step func(*S, int) error, groups []int32, args []*types.Vector, rows []int32) {
	f := &a.frame
	f.rows, f.at = rows, -1
	groups = a.choose(groups, args)
	a.guarded(func() error {
		a.steps.load(args, f.rows, len(groups))
		for k, g := range groups {
			f.at = k
			if err := step(&a.states[g], k); err != nil {
				return err
			}
		}
		a.steps.release()
		return nil
	})
	a.measure(groups...)
}

// Run implements Runner: columns are read once, however many rows a group has.
func (a *nativeAccumulator[S, R]) Run(groups []int32, args []*types.Vector, rows []int32, steps []Step, out *types.Vector) {
	f := &a.frame
	f.rows, f.at = rows, -1
	want := out.N + len(groups)
	seen := len(a.choose(groups, args)) // f.rows are those, in order
	a.guarded(func() error {
		a.steps.load(args, f.rows, seen)
		next := 0
		for k, g := range groups {
			step := StepAdd
			if steps != nil {
				step = steps[k]
			}
			f.at = -1
			row := k
			if rows != nil {
				row = int(rows[k])
			}
			var err error
			if next < seen && f.row(next) == row {
				switch f.at = next; step {
				case StepAdd:
					err = a.steps.add(&a.states[g], next)
				case StepRetract:
					err = a.steps.retract(&a.states[g], next)
				}
				next++
			}
			if step == StepReset {
				a.initialize(g)
			}
			if err != nil {
				return err
			}
			r, err := a.core.result(&a.states[g])
			if err != nil {
				return err
			}
			a.core.out.push(nil, out, r)
		}
		a.steps.release()
		return nil
	})
	a.measure(groups...)
	for out.N < want {
		out.AppendNull()
	}
}

// choose leaves out the rows with a NULL that the function doesn't see. It sets frame.rows and returns the groups.
func (a *nativeAccumulator[S, R]) choose(groups []int32, args []*types.Vector) []int32 {
	f := &a.frame
	all := true
	for i, strict := range a.core.strict {
		all = all && !(strict && len(args[i].Valid) > 0)
	}
	if all {
		return groups
	}
	if f.list == nil {
		f.list = make([]int32, 0, len(groups)) // not nil, which would stand for all rows
	}
	f.list, a.groups = f.list[:0], a.groups[:0]
rows:
	for k, g := range groups {
		row := f.row(k)
		for i, strict := range a.core.strict {
			if strict && args[i].IsNull(row) {
				continue rows
			}
		}
		f.list, a.groups = append(f.list, int32(row)), append(a.groups, g)
	}
	f.rows = f.list
	return a.groups
}

// Merge implements Accumulator.
func (a *nativeAccumulator[S, R]) Merge(dst, src int32) {
	a.frame.rows, a.frame.at = nil, -1
	a.guarded(func() error { return a.core.merge(&a.states[dst], &a.states[src]) })
	a.measure(dst)
}

// Result implements Accumulator.
func (a *nativeAccumulator[S, R]) Result(groups []int32, out *types.Vector) {
	a.frame.rows, a.frame.at = nil, -1
	want := out.N + len(groups)
	a.guarded(func() error {
		for _, g := range groups {
			r, err := a.core.result(&a.states[g])
			if err != nil {
				return err
			}
			a.core.out.push(nil, out, r)
		}
		return nil
	})
	for out.N < want {
		out.AppendNull()
	}
}

// Encode implements Accumulator.
func (a *nativeAccumulator[S, R]) Encode(dst []byte, group int32) []byte {
	a.frame.rows, a.frame.at = nil, -1
	dst = binary.LittleEndian.AppendUint32(dst, a.core.print)
	a.guarded(func() error {
		var err error
		if dst, err = a.core.state.encode(dst, unsafe.Pointer(&a.states[group])); err != nil {
			return fmt.Errorf("save its state: %w", err)
		}
		return nil
	})
	return dst
}

// Decode implements Accumulator.
func (a *nativeAccumulator[S, R]) Decode(group int32, src []byte) (rest []byte, err error) {
	if len(src) < 4 {
		return nil, errShortState
	}
	if binary.LittleEndian.Uint32(src) != a.core.print {
		return nil, errors.New("the state was saved when the fields of the function's state were others; " +
			"give them back, or start without the state")
	}
	a.frame.rows, a.frame.at = nil, -1
	var zero S
	a.states[group] = zero
	err = a.frame.guard(func() error {
		var err error
		rest, err = a.core.state.decode(src[4:], unsafe.Pointer(&a.states[group]))
		return err
	})
	a.measure(group)
	return rest, err
}

// Bytes implements Accumulator.
func (a *nativeAccumulator[S, R]) Bytes() int {
	var s S
	return cap(a.states)*int(unsafe.Sizeof(s)) + 8*cap(a.sizes) + a.held
}
