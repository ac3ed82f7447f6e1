package acks_test

import (
	"math"
	"testing"

	"github.com/weirsql/weir/connectors/internal/acks"
)

// A checkpoint is prepared with the last row before its barrier, whatever is written behind it.
func TestCounter(t *testing.T) {
	var c acks.Counter
	expect := func(open int, prepared ...int64) {
		t.Helper()
		if got := c.Open(); got != open {
			t.Errorf("%d rows are open, want %d", got, open)
		}
		safe := map[int64]bool{}
		for _, id := range prepared {
			safe[id] = true
		}
		for _, id := range []int64{1, 2, 3, 4, math.MaxInt64} {
			if got := c.Prepared(id); got != safe[id] {
				t.Errorf("checkpoint %d is prepared: %t", id, got)
			}
		}
	}
	expect(0)
	c.Barrier(1) // before the first row
	expect(0, 1)
	c.Write(3)
	c.Barrier(2)
	c.Write(2)
	c.Barrier(3)
	c.Barrier(4)
	expect(5, 1)
	c.Acknowledge(2)
	expect(3, 1)
	c.Acknowledge(2) // across the barrier
	expect(1, 1, 2)
	c.Write(1)
	c.Acknowledge(1)
	expect(1, 1, 2, 3, 4)
	c.Barrier(math.MaxInt64)
	expect(1, 1, 2, 3, 4)
	c.Acknowledge(1)
	expect(0, 1, 2, 3, 4, math.MaxInt64)
}
