package csv

import (
	"testing"

	"github.com/weirsql/weir/types"
)

// What csv.ignore-parse-errors leaves out is counted: a record once, a value of a record that is kept each.
func TestIgnoredAreCounted(t *testing.T) {
	for _, c := range []struct {
		record     string
		rows, want int
	}{
		{"1,2,3", 1, 0},
		{"x,2,3", 1, 1},
		{"x,y,3", 1, 2},
		{"x,2,z", 0, 1}, // the third is NOT NULL
		{"1,2,3,4,5", 0, 1},
		{`"1`, 0, 1},
		{"", 0, 0},
	} {
		for _, lines := range []bool{false, true} {
			config := config(t, map[string]string{"csv.ignore-parse-errors": "true"},
				field("a", types.IntType), field("b", types.IntType), field("c", types.IntType.WithNotNull(true)))
			got := 0
			config.Ignored = func(n int) { got += n }
			d, out := newDecoderFor(t, config)
			var err error
			if lines {
				_, err = d.DecodeLines([]byte(c.record), true, out, 10)
			} else {
				err = d.Decode([]byte(c.record), out)
			}
			if err != nil || out.N != c.rows || got != c.want {
				t.Errorf("%q (in lines: %v): %d rows, %d ignored, %v; want %d and %d", c.record, lines, out.N, got, err, c.rows, c.want)
			}
		}
	}
}
