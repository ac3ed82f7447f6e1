package simulation

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/weirsql/weir/runtime"
	"github.com/weirsql/weir/runtime/checkpoint"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/runtime/state"
)

// save asks a job of process p for a savepoint. If it can't be had, a job that was to be stopped is stopped without.
// then, unless nil, is called when there is one.
func (s *simulation) save(p *clock.Process, job *runtime.Job, stop, drain bool, then func()) {
	p.Go(func() {
		job.RequestSavepoint(place, stop, drain, func(path string, err error) {
			s.note("savepoint %s: %v", path, err)
			if err != nil {
				s.counts["savepoint failed"]++
				if stop {
					job.RequestStop(drain)
				}
				return
			}
			s.counts["savepoint completed"]++
			s.saves = append(s.saves, path)
			m, err := s.opened(path)
			if err != nil {
				s.violated("savepoint %s is complete, and can't be opened: %v", path, err)
				return
			}
			s.saved = savepoint{path, m.Manifest.ID}
			if then != nil {
				then()
			}
		})
	})
}

// saveLater asks for a savepoint after a while. With kill the process dies as soon as it is there, else it may die on the
// way there.
func (s *simulation) saveLater(p *clock.Process, job **runtime.Job, after time.Duration, kill bool) {
	p.Go(func() {
		if clock.Sleep(background, p, after) != nil || *job == nil {
			return
		}
		s.save(p, *job, false, false, func() {
			if kill {
				s.counts["process killed after a savepoint"]++
				s.note("killed after a savepoint")
				p.Kill()
			}
		})
	})
}

// opened opens a savepoint from outside, without faults.
func (s *simulation) opened(uri string) (*checkpoint.Checkpoint, error) {
	return checkpoint.OpenIn(s.disk, strings.TrimPrefix(uri, place+"/"))
}

// restore says what the next process starts from. If a savepoint is of the newest checkpoint, the job may move: it goes on
// from the savepoint under another id, and nothing is left of what it had.
func (s *simulation) restore() (string, error) {
	saved := s.saved
	s.saved = savepoint{}
	newest, _, err := checkpoint.LatestIn(s.disk, s.job)
	if err != nil && !errors.Is(err, checkpoint.ErrNone) {
		return "", err
	}
	if err == nil {
		if saved.path == "" || newest.Manifest.ID != saved.id || s.plans.IntN(4) == 0 {
			return runtime.Latest, nil
		}
		s.counts["job moved by a savepoint"]++
		if err := s.disk.RemoveAll(s.job); err != nil {
			return "", err
		}
		s.job, s.from = fmt.Sprintf("job%d", s.lives), saved.path
	}
	if s.from == "" {
		return runtime.Latest, nil
	}
	s.note("restore %s", s.from)
	return s.from, nil
}

// checkSavepoints reads all savepoints: nothing that came later has touched them.
func (s *simulation) checkSavepoints() error {
	for _, path := range s.saves {
		c, err := s.opened(path)
		if err != nil {
			return err
		}
		for _, op := range c.Manifest.Operators {
			if err := c.Each(op.ID, func(int, state.Entry) error { return nil }); err != nil {
				return err
			}
		}
	}
	return nil
}

// memory draws the limit of a process's state, which is so low in some that most of it is on disk.
func (s *simulation) memory() *state.Memory {
	if s.plans.IntN(3) > 0 {
		return nil
	}
	return state.NewMemory(500<<s.plans.IntN(6)+s.plans.Int64N(4000), s.spill)
}
