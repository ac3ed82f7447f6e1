package operator_test

import (
	"testing"
	"time"

	"github.com/weirsql/weir/planner/physical"
	"github.com/weirsql/weir/types"
)

// Keys whose time is over go from the disk, too, while others are looked up.
func TestExpiredKeysOnDiskGo(t *testing.T) {
	in := schema("k BIGINT, v BIGINT")
	groups := groupBy(in, []int{0}, types.Retract, "SUM(v)")
	groups.TTL = time.Hour
	left, right := schema("k BIGINT, v BIGINT"), schema("k BIGINT, w BIGINT")
	joined := joinOn(physical.InnerJoin, left, right, []int{0}, []int{0})
	joined.TTL = [2]time.Duration{time.Hour, time.Hour}
	for _, node := range []physical.Node{groups, joined} {
		t.Run(node.Name(), func(t *testing.T) {
			j := newJob(t, node, nil, time.UnixMilli(0))
			j.limit(20_000)
			j.deaf = true
			j.open(1, nil)
			feed := func(from, to int64) {
				for k := from; k < to; k++ {
					b := types.NewBatch(in)
					b.Cols[0].AppendValue(k)
					b.Cols[1].AppendValue(k)
					b.AppendKind(types.Insert)
					if err := j.process(0, b); err != nil {
						t.Fatal(err)
					}
				}
			}
			feed(0, 2000)
			if j.memory.Spilled() == 0 {
				t.Fatal("nothing is on disk")
			}
			j.clock.now = j.clock.now.Add(2 * time.Hour)
			feed(5000, 5100)
			if keys := j.metrics.StateKeys.Load(); keys > 150 {
				t.Errorf("%d keys are left", keys)
			}
			j.close()
		})
	}
}
