package engine

import (
	"os"
	"path/filepath"

	"github.com/KimMachineGun/automemlimit/memlimit"

	"github.com/weirsql/weir/runtime/state"
)

// unknownMachine is the limit where the machine doesn't tell how much memory it has.
const unknownMachine = 2 << 30

// memory returns the limit on the state of all jobs of the session, which the first job fixes: weir.memory.limit, or half
// of what the machine, or the container, has.
func (s *Session) memory() *state.Memory {
	s.limit.Do(func() {
		limit := s.planner.Settings.Size("weir.memory.limit")
		if limit <= 0 {
			limit = halfOfMachine()
		}
		dir := filepath.Join(os.TempDir(), "weir")
		if s.opts.DataDir != "" {
			dir = filepath.Join(s.opts.DataDir, "spill")
		}
		s.state = state.NewMemory(limit, dir)
	})
	return s.state
}

func halfOfMachine() int64 {
	total := uint64(0)
	for _, ask := range []func() (uint64, error){memlimit.FromSystem, memlimit.FromCgroup} {
		if n, err := ask(); err == nil && n > 0 && (total == 0 || n < total) {
			total = n
		}
	}
	if total == 0 {
		return unknownMachine
	}
	return int64(min(total, 1<<62) / 2)
}
