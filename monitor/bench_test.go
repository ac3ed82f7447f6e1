package monitor

import (
	"testing"

	"github.com/weirsql/weir/runtime/metrics"
)

// What the look at the counters costs that is taken once a second: a job of a hundred operators in eight subtasks each.
func BenchmarkSample(b *testing.B) {
	info := metrics.Job{ID: "0123456789abcdef", State: "RUNNING", Started: start}
	for range 100 {
		v := metrics.Vertex{ID: "operator-" + string(rune('a'+len(info.Operators)))}
		for i := range 8 {
			v.Subtasks = append(v.Subtasks, metrics.Snapshot{ID: v.ID, Subtask: i})
		}
		info.Operators = append(info.Operators, v)
	}
	list := []watched{{&fakeJob{info: info}, info}}
	var r sampler
	for b.Loop() {
		r.keep(start, list)
	}
}
