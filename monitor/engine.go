package monitor

import "github.com/weirsql/weir/engine"

var _ Job = (*engine.Job)(nil)

// Session returns the jobs of a session, as Options.Jobs takes them.
func Session(s *engine.Session) func() []Job {
	return func() []Job {
		var all []Job
		for _, j := range s.Jobs() {
			all = append(all, j)
		}
		return all
	}
}
