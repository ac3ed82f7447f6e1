package builtin

import (
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
)

func numericRandom() []udf.Spec {
	return []udf.Spec{
		{
			Name: "RAND", Usage: []string{"RAND([seed])"}, NonDeterministic: true,
			Summary:  "Returns a random DOUBLE of at least 0 and less than 1; with a seed, the sequence that Java draws from it.",
			Examples: []udf.Example{{SQL: "RAND(1)", Result: "0.7308781907032909"}, {SQL: "RAND() < 1", Result: "TRUE"}},
			Scalar:   bindRand,
		},
		{
			Name: "RAND_INTEGER", Usage: []string{"RAND_INTEGER([seed,] bound)"}, NonDeterministic: true,
			Summary:  "Returns a random INT of at least 0 and less than the bound; with a seed, the sequence that Java draws from it.",
			Examples: []udf.Example{{SQL: "RAND_INTEGER(1, 10)", Result: "5"}, {SQL: "RAND_INTEGER(1)", Result: "0"}},
			Scalar:   bindRandInteger,
		},
		{
			Name: "UUID", Usage: []string{"UUID()"}, NonDeterministic: true, Summary: "Returns a random UUID (type 4) as text of 36 characters.",
			Examples: []udf.Example{{SQL: "CHAR_LENGTH(UUID())", Result: "36"}},
			Scalar:   bindUUID,
		},
	}
}

// javaRandom is java.util.Random: a linear congruential generator of 48 bits, as its documentation defines it.
type javaRandom uint64

func newJavaRandom(seed int64) javaRandom {
	return javaRandom((uint64(seed) ^ 0x5DEECE66D) & (1<<48 - 1))
}

func (r *javaRandom) next(bits uint) int32 {
	*r = (*r*0x5DEECE66D + 0xB) & (1<<48 - 1)
	return int32(*r >> (48 - bits))
}

func (r *javaRandom) double() float64 {
	high := int64(r.next(26)) << 27
	return float64(high+int64(r.next(27))) * 0x1p-53
}

// below draws from 0..bound-1; bound is positive.
func (r *javaRandom) below(bound int32) int32 {
	x := r.next(31)
	if bound&-bound == bound {
		return int32(int64(bound) * int64(x) >> 31)
	}
	// What lies in the last, incomplete span of bound numbers is drawn again.
	for x-x%bound+(bound-1) < 0 {
		x = r.next(31)
	}
	return x % bound
}

// generator is the generator of one call in a query. Subtasks share it, a batch at a time. Without a seed of its own it
// takes the job's, and its number among the generators so that two calls don't draw alike.
type generator struct {
	mu     sync.Mutex
	random javaRandom
	seeded bool
	number int64
}

var generators atomic.Int64

func newGenerator() *generator { return &generator{number: generators.Add(1)} }

// draw calls f with the generator ready.
func (g *generator) draw(ctx *udf.Context, f func(r *javaRandom) error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.seeded {
		seed := g.number << 32
		if ctx != nil {
			seed ^= ctx.Seed
		}
		g.random, g.seeded = newJavaRandom(seed), true
	}
	return f(&g.random)
}

// bindSeed returns the generators of a call whose seed, if it has one, is argument 0: row i draws from the one that the
// function gives it. A literal seed makes one sequence; a seed from a column starts a new one in each row, as in Flink.
func bindSeed(c *udf.Call, hasSeed bool) (g *generator, perRow bool) {
	g = newGenerator()
	if !hasSeed {
		return g, false
	}
	if seed, ok := literalInteger(c.Args[0]); ok {
		g.random, g.seeded = newJavaRandom(int64(seed)), true
		return g, false
	}
	return g, true
}

func bindRand(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 0, integerParam)
	if err != nil {
		return nil, err
	}
	g, perRow := bindSeed(c, len(args) == 1)
	return &udf.BoundScalar{
		Args: args, Result: types.DoubleType.WithNotNull(notNull),
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return g.draw(ctx, func(r *javaRandom) error {
				for i := range out.F64[:n] {
					if perRow {
						*r = newJavaRandom(int64(args[0].I32[i]))
					}
					out.F64[i] = r.double()
				}
				return nil
			})
		},
	}, nil
}

func bindRandInteger(c *udf.Call) (*udf.BoundScalar, error) {
	args, notNull, err := signature(c, 1, integerParam, integerParam)
	if err != nil {
		return nil, err
	}
	g, perRow := bindSeed(c, len(args) == 2)
	last := len(args) - 1
	return &udf.BoundScalar{
		Args: args, Result: types.IntType.WithNotNull(notNull), Fallible: true,
		Eval: func(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
			return g.draw(ctx, func(r *javaRandom) error {
				for i := range out.I32[:n] {
					if out.IsNull(i) {
						continue
					}
					bound := args[last].I32[i]
					if bound <= 0 {
						return &udf.RowError{Row: i, Err: fmt.Errorf("RAND_INTEGER needs a bound above zero, not %d", bound)}
					}
					if perRow {
						*r = newJavaRandom(int64(args[0].I32[i]))
					}
					out.I32[i] = r.below(bound)
				}
				return nil
			})
		},
	}, nil
}

func bindUUID(c *udf.Call) (*udf.BoundScalar, error) {
	if len(c.Args) > 0 {
		return nil, udf.Errorf(0, "UUID takes no arguments")
	}
	g := newGenerator()
	return &udf.BoundScalar{
		Result: types.CharType(36).WithNotNull(true),
		Eval: func(ctx *udf.Context, _ []*types.Vector, out *types.Vector, n int) error {
			return g.draw(ctx, func(r *javaRandom) error {
				for range n {
					out.Data = appendUUID(out.Data, r)
					out.EndValue()
				}
				return nil
			})
		},
	}, nil
}

// appendUUID appends a UUID of RFC 9562's version 4.
func appendUUID(dst []byte, r *javaRandom) []byte {
	const digits = "0123456789abcdef"
	var b [16]byte
	for i := range b {
		b[i] = byte(r.next(8))
	}
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	for i, x := range b {
		if i == 4 || i == 6 || i == 8 || i == 10 {
			dst = append(dst, '-')
		}
		dst = append(dst, digits[x>>4], digits[x&15])
	}
	return dst
}
