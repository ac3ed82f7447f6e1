package runtime

import (
	"fmt"
	"sync"
	"time"

	"github.com/weirsql/weir/runtime/task"
)

// watch looks whether the functions that an attempt calls return. Nothing can end one that doesn't: it is named in the log
// and in Info, it fails a job that is to stop, and a job that has failed or was canceled leaves it behind.
//
// It goes by the machine's clock, whatever the job's: that of a simulation stands still while a function runs.
type watch struct {
	a       *attempt
	patient time.Duration
	over    chan struct{}
	done    sync.WaitGroup
	calls   map[*task.Task]call // of the watching goroutine

	mu    sync.Mutex
	stuck map[*task.Task]string // what is told of them
}

// call is a call that was seen.
type call struct {
	function string
	step     int64
	since    time.Time
	told     bool
}

func (w *watch) start(a *attempt) {
	w.a, w.patient, w.over = a, a.j.cfg.FunctionPatience, make(chan struct{})
	w.calls = map[*task.Task]call{}
	w.done.Go(func() {
		ticks := time.NewTicker(max(w.patient/4, time.Millisecond))
		defer ticks.Stop()
		for {
			select {
			case <-w.over:
				return
			case now := <-ticks.C:
				for _, t := range a.tasks {
					w.look(t, now)
				}
			}
		}
	})
}

func (w *watch) stop() {
	close(w.over)
	w.done.Wait()
}

// look compares what a task is doing with what it was doing before.
func (w *watch) look(t *task.Task, now time.Time) {
	function, operator, step := t.Calling()
	c := w.calls[t]
	if function == "" || function != c.function || step != c.step {
		w.calls[t] = call{function: function, step: step, since: now}
		if c.told {
			w.tell(t, "")
		}
		return
	}
	took := now.Sub(c.since).Round(time.Millisecond)
	if took < w.patient {
		return
	}
	text := fmt.Sprintf("operator %s: the function %s has not returned for %s", operator, function, took)
	if !c.told {
		c.told = true
		w.calls[t] = c
		w.a.j.cfg.Log.Warn("a function doesn't return; it can't be ended, but STOP and cancel leave it behind", "job", w.a.j.cfg.JobID,
			"operator", operator, "function", function, "for", took)
	}
	w.tell(t, text)
	w.a.post(func() { w.a.coordinator.stuck(t, fmt.Errorf("%s; it is left behind", text)) })
}

func (w *watch) tell(t *task.Task, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stuck == nil {
		w.stuck = map[*task.Task]string{}
	}
	if w.stuck[t] = text; text == "" {
		delete(w.stuck, t)
	}
}

// waiting describes the calls of tasks that don't return. From any goroutine.
func (w *watch) waiting(tasks []*task.Task) (calls []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range tasks {
		if text := w.stuck[t]; text != "" {
			calls = append(calls, fmt.Sprintf("subtask %d of %s", t.Subtask(), text))
		}
	}
	return calls
}
