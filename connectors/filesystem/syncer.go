package filesystem

import (
	"context"
	"path/filepath"
	"strings"
	"sync"

	"github.com/weirsql/weir/connectors/internal/worker"
)

// syncer brings to disk what a writer hands to it, in order, beside the writer's task. Jobs are counted, so that the
// writer can ask whether all up to one of them are done.
type syncer struct {
	sink   *sink
	wake   func()
	worker *worker.Worker

	mu      sync.Mutex
	queue   []job // the first one may be under way
	given   int64 // jobs ever handed over
	done    int64 // of those
	closing bool  // part files need not be on disk any more
	err     error // final
}

// job is one of these.
type job struct {
	part    *part    // to be finished
	marks   []string // folders that get the file that marks a partition as complete
	folders []string // whose names shall be durable
}

func startSyncer(ctx context.Context, s *sink, wake func()) *syncer {
	y := &syncer{sink: s, wake: wake}
	y.worker = worker.Start(ctx, s.clock, y.work)
	return y
}

// give hands over a job and returns its number.
func (y *syncer) give(j job) int64 {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.queue = append(y.queue, j)
	y.given++
	y.worker.Wake()
	return y.given
}

// finished is the number of the last job that is done with all before it.
func (y *syncer) finished() (int64, error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.done, y.err
}

// backlog is the number of jobs that are not done.
func (y *syncer) backlog() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return len(y.queue)
}

// work does the next job. After a failure files are closed and nothing else is done.
func (y *syncer) work(context.Context) (bool, error) {
	y.mu.Lock()
	if len(y.queue) == 0 {
		defer y.mu.Unlock()
		if y.closing {
			return false, context.Canceled
		}
		return false, nil
	}
	j, failed, closing := y.queue[0], y.err != nil, y.closing
	y.mu.Unlock()
	var err error
	switch {
	case j.part != nil && (failed || closing):
		_ = j.part.file.Close() // nobody could publish it
	case !failed:
		err = y.sink.do(j)
	}
	y.mu.Lock()
	y.queue[0] = job{}
	y.queue = y.queue[1:]
	if y.err == nil {
		y.err = err
	}
	if y.err == nil {
		y.done++
	}
	y.mu.Unlock()
	y.wake()
	return true, nil
}

// do does a job.
func (s *sink) do(j job) error {
	if j.part != nil {
		return j.part.finish()
	}
	for _, f := range j.marks {
		path := filepath.Join(s.root, f, s.success)
		if err := s.disk.mark(path); err != nil {
			return explain(path, err)
		}
	}
	for _, f := range j.folders {
		path := filepath.Join(s.root, f)
		if err := s.disk.syncFolder(path); err != nil {
			return explain(path, err)
		}
	}
	if s.committer != nil {
		s.committer.marked(j.marks)
	}
	return nil
}

// close does what is left but for part files, which are only closed.
func (y *syncer) close() error {
	y.mu.Lock()
	y.closing = true
	y.mu.Unlock()
	y.worker.Join()
	_, err := y.finished()
	return err
}

// folders returns those that the files are in and all above them up to the root, each once.
func folders(files []partFile) []string {
	var all []string
	seen := map[string]bool{}
	for _, f := range files {
		for folder := strings.Trim(f.Folder, string(filepath.Separator)); !seen[folder]; {
			seen[folder] = true
			all = append(all, folder)
			if folder == "" {
				break
			}
			parent, _ := filepath.Split(folder)
			folder = strings.TrimSuffix(parent, string(filepath.Separator))
		}
	}
	return all
}
