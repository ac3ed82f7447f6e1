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
		Scalar: func(c *udf.Call) (*udf.Scalar, error) {
			if len(c.Args) != 1 {
				return nil, udf.Errorf(-1, "%s takes one argument, not %d", c.Name, len(c.Args))
			}
			if k := c.Args[0].Type; !k.IsNumeric() && k.Kind != types.Null {
				return nil, udf.Errorf(0, "%s takes a FLOAT, not %s", c.Name, k)
			}
			return &udf.Scalar{
				Args:   []types.Type{types.FloatType},
				Result: types.DoubleType,
				New:    func() udf.Stateful { return &labScorer{} },
			}, nil
		},
	}}
}

// labScorer is one instance of the lab's function. Its state is where its sequence of seeds stands.
type labScorer struct {
	scorer *rcf.LabScorer // nil before the first row
}

func (s *labScorer) Eval(ctx *udf.Context, args []*types.Vector, out *types.Vector, n int) error {
	if s.scorer == nil {
		s.scorer = rcf.NewLabScorer(ctx.Seed)
	}
	return udf.EachRow(out, n, func(i int) error {
		out.F64[i] = s.scorer.Score(args[0].F32[i])
		return nil
	})
}

// Snapshot returns nothing before the first row, then eight bytes.
func (s *labScorer) Snapshot() ([]byte, error) {
	if s.scorer == nil {
		return nil, nil
	}
	return binary.LittleEndian.AppendUint64(nil, s.scorer.State()), nil
}

func (s *labScorer) Restore(state []byte) error {
	switch len(state) {
	case 0:
		s.scorer = nil
	case 8:
		s.scorer = rcf.NewLabScorer(0)
		s.scorer.Restore(binary.LittleEndian.Uint64(state))
	default:
		return errors.New("state of RandomCutForestUDF must have 0 or 8 bytes")
	}
	return nil
}
