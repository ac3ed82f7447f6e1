package print

import (
	"bytes"
	"context"
	"testing"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Values print as Java's classes do (java.time, Map, Row), rows as Flink's PrintTableSink shows them.
func TestRender(t *testing.T) {
	for _, c := range []struct {
		typ   types.Type
		value any
		want  string
	}{
		{types.StringType, "a, b", "a, b"},
		{types.IntType, nil, "null"},
		{types.BooleanType, true, "true"},
		{types.DoubleType, 1e10, "1.0E10"},
		{types.DecimalType(10, 2), decimal128.FromI64(120), "1.20"},
		{types.BytesType, []byte{1, 254}, "[1, -2]"},
		{types.DateType, int32(7591), "1990-10-14"},
		{types.TimeType(0), int32(43963000), "12:12:43"},
		{types.TimeType(3), int32(43920000), "12:12"},
		{types.TimestampType(3), int64(1692711990123), "2023-08-22T13:46:30.123"},
		{types.TimestampType(3), int64(1692711960000), "2023-08-22T13:46"},
		{types.TimestampType(6), int64(1692711960000500), "2023-08-22T13:46:00.000500"},
		{types.TimestampType(9), int64(1692711960000000001), "2023-08-22T13:46:00.000000001"},
		{types.TimestampLTZType(3), int64(1692711960000), "2023-08-22T13:46:00Z"},
		{types.TimestampType(3), int64(-1), "1969-12-31T23:59:59.999"},
		{types.IntervalMonthType, int32(14), "P1Y2M"},
		{types.IntervalMonthType, int32(0), "P0D"},
		{types.IntervalMilliType, int64(3_723_500), "PT1H2M3.5S"},
		{types.IntervalMilliType, int64(-500), "PT-0.5S"},
		{types.IntervalMilliType, int64(0), "PT0S"},
		{types.ArrayType(types.IntType), []any{int32(1), nil}, "[1, null]"},
		{types.MapType(types.StringType, types.IntType), [][2]any{{"a", int32(1)}, {"b", nil}}, "{a=1, b=null}"},
		{types.RowType(types.Field{Name: "x", Type: types.IntType}), []any{int32(1)}, "+I[1]"},
	} {
		v := types.NewVector(c.typ)
		v.AppendValue(c.value)
		if got := string(appendValue(nil, v, 0)); got != c.want {
			t.Errorf("%s: %s, want %s", c.typ, got, c.want)
		}
	}
}

func TestWriter(t *testing.T) {
	batch := types.NewBatch(types.NewSchema(types.Field{Name: "id", Type: types.IntType}, types.Field{Name: "s", Type: types.StringType}))
	for i, kind := range []types.RowKind{types.Insert, types.UpdateBefore, types.UpdateAfter, types.Delete} {
		batch.Cols[0].AppendValue(int32(i))
		batch.Cols[1].AppendValue("abc")
		batch.AppendKind(kind)
	}
	batch.Sel = []int32{0, 2, 3}
	for _, c := range []struct {
		identifier  string
		parallelism int
		prefix      string
	}{{"", 1, ""}, {"", 2, "2> "}, {"x", 1, "x> "}, {"x", 2, "x:2> "}} {
		raw := map[string]string{}
		if c.identifier != "" {
			raw["print-identifier"] = c.identifier
		}
		options, errs := option.Check(raw, Spec.Options, nil)
		if len(errs) > 0 {
			t.Fatal(errs[0])
		}
		var out bytes.Buffer
		s, err := newSink(&connectors.Env{Stdout: &out}, &connectors.Table{Options: options})
		if err != nil {
			t.Fatal(err)
		}
		w, err := s.NewWriter(context.Background(), connectors.WriterContext{Subtask: c.parallelism - 1, Parallelism: c.parallelism})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(batch); err != nil {
			t.Fatal(err)
		}
		want := c.prefix + "+I[0, abc]\n" + c.prefix + "+U[2, abc]\n" + c.prefix + "-D[3, abc]\n"
		if out.String() != want {
			t.Errorf("got %q, want %q", out.String(), want)
		}
	}
}
