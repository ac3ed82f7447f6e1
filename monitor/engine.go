package monitor

import (
	"context"
	"errors"

	"github.com/weirsql/weir/engine"
	"github.com/weirsql/weir/runtime/metrics"
)

// Session returns the jobs of a session, as Options.Jobs takes them.
func Session(s *engine.Session) func() []Job {
	return func() []Job {
		var all []Job
		for _, j := range s.Jobs() {
			all = append(all, job{j})
		}
		return all
	}
}

type job struct{ *engine.Job }

// Info implements Job.
func (j job) Info() metrics.Job {
	if full, ok := any(j.Job).(interface{ Info() metrics.Job }); ok {
		return full.Info()
	}
	info := metrics.Job{ID: j.ID, Name: j.Name, State: j.Status(), Bounded: j.Bounded, Started: j.Started}
	at := map[string]int{}
	for _, m := range j.Metrics() {
		k, known := at[m.ID]
		if !known {
			k = len(info.Operators)
			at[m.ID] = k
			info.Operators = append(info.Operators, metrics.Vertex{ID: m.ID, Name: m.Name, Chain: k})
		}
		v := &info.Operators[k]
		v.Subtasks = append(v.Subtasks, m)
		v.Parallelism = len(v.Subtasks)
		info.Parallelism = max(info.Parallelism, v.Parallelism)
	}
	return info
}

// Savepoint implements Job.
func (j job) Savepoint(ctx context.Context, dir string, stop, drain bool) (string, error) {
	full, ok := any(j.Job).(interface {
		Savepoint(ctx context.Context, dir string, stop, drain bool) (string, error)
	})
	if !ok {
		return "", errors.New("savepoints are not supported")
	}
	return full.Savepoint(ctx, dir, stop, drain)
}
