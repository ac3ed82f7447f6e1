package operator_test

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
)

// Windows of many keys, most of which are on disk, count every row once when slices are put together.
func TestWindowsOfKeysOnDisk(t *testing.T) {
	const keys, slices = 500, 8
	s := schema("ts TIME, k BIGINT")
	for n := range 6 {
		kind, batch := physical.WindowKind(n%3), []int64{100, keys}[n/3]
		w := physical.Window{Kind: kind, Size: 20, Slide: 5}
		if kind == physical.Tumble {
			w.Slide = 20
		}
		j := newJob(t, windowBy(s, w, []int{1}, "COUNT()"), nil, time.Time{})
		j.maxRows = 64
		j.fold = newFold(nil)
		j.limit(20_000)
		j.open(1, nil)
		want, spilled := map[string]int{}, int64(0)
		for slice := range int64(slices) {
			for from := int64(0); from < keys; from += batch {
				b := types.NewBatch(s)
				for k := from; k < from+batch; k++ {
					b.Cols[0].AppendValue(slice * 5)
					b.Cols[1].AppendValue(k)
					b.AppendKind(types.Insert)
				}
				if err := j.process(0, b); err != nil {
					t.Fatal(err)
				}
			}
			spilled = max(spilled, j.memory.Spilled())
			if slice == 5 {
				j.open(1, j.close())
			}
			j.watermark(slice*5 + 4)
		}
		if spilled == 0 && batch < keys { // else all are looked up again

			t.Errorf("%v: nothing has gone to disk", kind)
		}
		j.watermark(math.MaxInt64)
		for end := int64(5); end < (slices+4)*5; end += 5 {
			start, n := max(0, end-20), int64(4)
			switch kind {
			case physical.Tumble:
				if end%20 != 0 {
					continue
				}
			case physical.Hop:
				start = end - 20
				n = (min(end, slices*5) - max(0, start)) / 5
			case physical.Cumulate:
				if end > slices*5 {
					continue
				}
				start = (end - 1) / 20 * 20
				n = (end - start) / 5
			}
			if n <= 0 || kind == physical.Tumble && end > slices*5 {
				continue
			}
			bounds := types.NewVector(types.TimestampType(3))
			bounds.AppendValue(start)
			bounds.AppendValue(end)
			for k := range keys {
				want[fmt.Sprintf(" %d %d %s %s", k, n, print(bounds, 0), print(bounds, 1))]++
			}
		}
		wrong := 0
		for row, n := range want {
			if j.fold.rows[row] != n {
				if wrong++; wrong < 5 {
					t.Errorf("%v: %s × %d, want %d", kind, row, j.fold.rows[row], n)
				}
			}
		}
		if len(j.fold.rows) != len(want) || wrong > 0 {
			t.Errorf("%v: %d rows are wrong, %d rows, want %d", kind, wrong, len(j.fold.rows), len(want))
		}
		j.close()
	}
}
