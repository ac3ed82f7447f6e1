package builtin

import (
	"cmp"

	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/rcf"
)

func forestGrade() udf.Spec {
	return udf.Spec{
		Name:     "ANOMALY_GRADE",
		Own:      true,
		Usage:    forestUsage("ANOMALY_GRADE"),
		Summary:  "Whether a row is an anomaly, by a threshold that follows the scores of RANDOM_CUT_FOREST: ROW<grade, score, threshold, expected_low, expected_high>, the grade 0 for an ordinary row and up to 1 for an anomaly; with several inputs what is expected is a ROW with a field for each.",
		Examples: []udf.Example{{SQL: "ANOMALY_GRADE(1.5)", Result: "(0.0, 0.0, 0.0, NULL, NULL)"}},
		Scalar: func(c *udf.Call) (*udf.BoundScalar, error) {
			call, err := bindForest(c, true)
			if err != nil {
				return nil, err
			}
			expected := types.DoubleType
			if len(call.inputs) > 1 {
				fields := make([]types.Field, len(call.inputs))
				for i, name := range call.inputs {
					fields[i] = types.Field{Name: name, Type: types.DoubleType}
				}
				expected = types.RowType(fields...)
			}
			result := types.RowType(
				types.Field{Name: "grade", Type: types.DoubleType},
				types.Field{Name: "score", Type: types.DoubleType},
				types.Field{Name: "threshold", Type: types.DoubleType},
				types.Field{Name: "expected_low", Type: expected},
				types.Field{Name: "expected_high", Type: expected},
			)
			return call.scalar(result, func() udf.Stateful { return newForestGrades(call) }), nil
		},
	}
}

// forestGrades is the memory of ANOMALY_GRADE.
type forestGrades struct {
	forestGroups[rcf.Thresholded, *rcf.Thresholded]
	verdict rcf.Verdict
}

func newForestGrades(call *forestCall) *forestGrades {
	return &forestGrades{forestGroups: forestGroups[rcf.Thresholded, *rcf.Thresholded]{
		call: call,
		make: func(o rcf.Options) (*rcf.Thresholded, error) { return rcf.NewThresholded(o, call.thresholds) },
		differ: func(kept, asked *rcf.Thresholded) error {
			return cmp.Or(
				forestsDiffer(kept.Forest(), asked.Forest()),
				differs("anomaly_rate", kept.ThresholdOptions().AnomalyRate, asked.ThresholdOptions().AnomalyRate),
				differs("z_factor", kept.ThresholdOptions().ZFactor, asked.ThresholdOptions().ZFactor),
			)
		},
	}}
}

func (s *forestGrades) Eval(ctx *udf.Context, groups []int32, args []*types.Vector, out *types.Vector, n int) error {
	return s.each(ctx, groups, args, out, n, func(t *rcf.Thresholded, i int) error {
		v := &s.verdict
		if err := t.Process(s.point, v); err != nil {
			return err
		}
		appendDouble(out.Children[0], v.Grade)
		appendDouble(out.Children[1], v.Score)
		appendDouble(out.Children[2], v.Threshold)
		appendExpected(out.Children[3], v.Low)
		appendExpected(out.Children[4], v.High)
		out.N++
		return nil
	})
}

// appendExpected appends a bound of each input, NULL while there is none.
func appendExpected(v *types.Vector, bounds []float64) {
	switch {
	case v.Type.Kind != types.Row:
		appendDouble(v, bounds[0])
	case bounds[0] != bounds[0]:
		v.AppendNull()
	default:
		for k, x := range bounds {
			appendDouble(v.Children[k], x)
		}
		v.N++
	}
}
