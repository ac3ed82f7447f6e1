package json

import (
	"testing"

	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types"
)

// What ignore-parse-errors leaves out is counted: a record once, a value of a record that is kept each.
func TestIgnoredAreCounted(t *testing.T) {
	for _, c := range []struct {
		record string
		key    bool // the second column is k, and NOT NULL
		rows   int
		want   int
	}{
		{`{"a":1,"b":2}`, false, 1, 0},
		{`{"a":"x","b":2}`, false, 1, 1},
		{`{"a":"x","b":"y"}`, false, 1, 2},
		{`{"a":"x","b":2`, false, 0, 1},
		{`{"a":"x","k":"none"}`, true, 0, 1},
		{`{"a":[1],"k":3}`, true, 1, 1},
		{`nothing`, false, 0, 1},
		{``, false, 0, 0},
	} {
		options, errs := option.Check(map[string]string{"json.ignore-parse-errors": "true"}, Spec.Options, diag.Suggest)
		if len(errs) > 0 {
			t.Fatal(errs[0])
		}
		config := format.Config{Options: options, Columns: []types.Field{
			{Name: "a", Type: types.IntType}, {Name: "b", Type: types.IntType},
		}, Needed: []int{0, 1}}
		if c.key {
			config.Columns[1] = types.Field{Name: "k", Type: types.IntType.WithNotNull(true)}
		}
		for _, lines := range []bool{false, true} {
			got := 0
			config.Ignored = func(n int) { got += n }
			d, err := NewDecoder(config, "json.", false)
			if err != nil {
				t.Fatal(err)
			}
			out := types.NewBatch(types.NewSchema(config.Fields()...))
			if lines {
				_, err = d.DecodeLines([]byte(c.record+"\n"), true, out, 10)
			} else {
				err = d.Decode([]byte(c.record), out)
			}
			if err != nil || out.N != c.rows || got != c.want {
				t.Errorf("%s (in lines: %v): %d rows, %d ignored, %v; want %d and %d", c.record, lines, out.N, got, err, c.rows, c.want)
			}
		}
	}
}
