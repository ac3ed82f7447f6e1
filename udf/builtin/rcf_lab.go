package builtin

import (
	"encoding/binary"
	"errors"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/rcf"
)

// rcfLab is the family of the functions that stand in for the Java classes of AWS's clickstream lab.
func rcfLab() []udf.Spec {
	return []udf.Spec{{
		Class:  "software.amazon.flink.example.RandomCutForestUDF",
		Family: "anomaly",
		Usage:  []string{"CREATE TEMPORARY FUNCTION f AS 'software.amazon.flink.example.RandomCutForestUDF'", "f(value)"},
		Summary: "The lab's score of a FLOAT: a new forest of 5 trees for each value, fed with 0, 1, … as many points as the value has characters; " +
			"0 for values up to 1, NULL for NULL (where the lab's class fails).",
		NonDeterministic: true,
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			if len(c.Args) != 1 {
				return nil, udf.Errorf(-1, "%s takes one argument, not %d", c.Name, len(c.Args))
			}
			if name := c.Args[0].Name; name != "" {
				return nil, udf.NoNamedArg(c.Name, 0, name)
			}
			if k := c.Args[0].Type; !k.IsNumeric() && k.Kind != types.Null {
				return nil, udf.Errorf(0, "%s takes a FLOAT, not %s", c.Name, k)
			}
			return &udf.BoundScalar{
				Args:   []types.Type{types.FloatType},
				Result: types.DoubleType,
				New:    func() udf.Stateful { return &labScorer{} },
				Seeded: true,
			}, nil
		},
	}}
}

// labScorer is one instance of the lab's function. A group's state is where its sequence of seeds stands.
type labScorer struct {
	scorers []*rcf.LabScorer // by group; nil before the first row
}

func (s *labScorer) Grow(n int) {
	for len(s.scorers) < n {
		s.scorers = append(s.scorers, nil)
	}
}

func (s *labScorer) Reset(group int32) { s.scorers[group] = nil }

func (s *labScorer) Eval(ctx *udf.Context, groups []int32, args []*types.Vector, out *types.Vector, n int) error {
	return udf.EachRow(out, n, func(i int) error {
		group := int32(0)
		if groups != nil {
			group = groups[i]
		}
		if s.scorers[group] == nil {
			s.scorers[group] = rcf.NewLabScorer(ctx.Seed)
		}
		out.F64[i] = s.scorers[group].Score(args[0].F32[i])
		return nil
	})
}

// Encode writes nothing before the first row, then eight bytes.
func (s *labScorer) Encode(dst []byte, group int32) []byte {
	if s.scorers[group] == nil {
		return dst
	}
	return binary.LittleEndian.AppendUint64(dst, s.scorers[group].State())
}

func (s *labScorer) Decode(group int32, state []byte) error {
	switch len(state) {
	case 0:
		s.scorers[group] = nil
	case 8:
		s.scorers[group] = rcf.NewLabScorer(0)
		s.scorers[group].Restore(binary.LittleEndian.Uint64(state))
	default:
		return errors.New("state of RandomCutForestUDF must have 0 or 8 bytes")
	}
	return nil
}

func (s *labScorer) Bytes() int { return 16 * len(s.scorers) }
