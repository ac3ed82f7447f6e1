package filesystem

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/types"
)

// writer is one parallel writer. A row's way into sight has four steps:
//
//	Write     it goes to the open part file of its partition, .part-JOB-SUBTASK-N.json.inprogress; rolling closes such
//	          files and opens others
//	Barrier   all part files are handed to the syncer, which brings them to disk
//	Prepared  they are there, and named in the state of the checkpoint
//	Commit    the files before the barrier are renamed to part-JOB-SUBTASK-N.json
//
// A restored writer first renames what its checkpoint names, as far as that hadn't been done, and then removes what was
// begun after the checkpoint: those rows come again. So the state names published files as well, until their new names
// are on disk.
type writer struct {
	*sink
	encoder format.Encoder
	prefix  string // part-JOB-SUBTASK-
	job     string
	subtask int

	physical   []int // the columns of the batch that go into files
	keys       []int // those that name the folder
	view       types.Batch
	folder     []byte
	folderCols []*types.Vector

	next      int // number of the next part file
	open      map[string]*part
	closed    []partFile // behind the last barrier
	barriers  []barrier  // that are not committed, oldest first
	published []published
	prepared  int64 // the last checkpoint that may have been completed
	syncer    *syncer
	now       time.Time // of the batch at hand
	checkAt   time.Time
	watermark int64
	err       error // of Write; final
}

var _ connectors.WatermarkWriter = (*writer)(nil)

// barrier is what Barrier has divided off.
type barrier struct {
	checkpoint int64
	watermark  int64
	files      []partFile // since the barrier before
	next       int        // number of the first part file behind it
	job        int64      // of the syncer, with which the files are on disk
}

// published is files whose new names may not be on disk yet.
type published struct {
	files []partFile
	job   int64
}

// snapshot is what a checkpoint holds of a writer.
type snapshot struct {
	Job     string      `json:"job"`
	Subtask int         `json:"subtask"`
	Next    int         `json:"next"`
	Files   []partFile  `json:"files"`
	Pending []partition `json:"pending,omitempty"`
}

const (
	inProgress = ".inprogress"
	bufferSize = 256 << 10
	// maxOpen bounds the files that are open at once when rows scatter over partitions, and again those that wait to be
	// brought to disk.
	maxOpen = 64
)

func newWriter(ctx context.Context, s *sink, wc connectors.WriterContext) (*writer, error) {
	w := &writer{sink: s, subtask: wc.Subtask, open: map[string]*part{}, watermark: math.MinInt64}
	w.job = jobName(wc.JobID)
	w.prefix = fmt.Sprintf("part-%s-%d-", w.job, wc.Subtask)
	for i, c := range wc.Columns {
		if slices.ContainsFunc(s.stored, func(f types.Field) bool { return f.Name == c.Name }) {
			w.physical = append(w.physical, i)
		}
	}
	for _, f := range s.partitions {
		w.keys = append(w.keys, slices.IndexFunc(wc.Columns, func(c connectors.Column) bool { return c.Name == f.Name }))
	}
	w.view.Schema = types.NewSchema(s.stored...)
	w.view.Cols = make([]*types.Vector, len(w.physical))
	w.folderCols = make([]*types.Vector, len(w.keys))
	var err error
	if w.encoder, err = s.encoder(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.root, 0o777); err != nil {
		return nil, fmt.Errorf("path %s must be a folder to write to: %w", s.display, err)
	}
	if s.committer != nil {
		s.committer.join(wc.Subtask, wc.Parallelism)
	}
	if err := w.restore(wc); err != nil {
		return nil, fmt.Errorf("restore the part files of %s: %w", s.display, err)
	}
	w.checkAt = s.clock.Now().Add(s.check)
	w.syncer = startSyncer(ctx, s, wc.Wake)
	return w, nil
}

// jobName is the part of a job's ID that names its files.
func jobName(id string) string {
	clean := strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, id)
	return clean[:min(8, len(clean))]
}

// restore publishes what the checkpoint covers and removes what the job's earlier run began after it.
func (w *writer) restore(wc connectors.WriterContext) error {
	var covered []partFile
	uncovered := map[int]int{} // subtask of this job → number of its first part file that no checkpoint covers
	for _, raw := range wc.Restored {
		var s snapshot
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		covered = append(covered, s.Files...)
		if w.committer != nil {
			w.committer.restore(s.Pending)
		}
		w.next = max(w.next, s.Next)
		if s.Job == w.job { // else another job goes on with these files, perhaps still running
			uncovered[s.Subtask] = max(uncovered[s.Subtask], s.Next)
		}
	}
	if err := w.publish(covered); err != nil {
		return err
	}
	if err := w.do(job{folders: folders(covered)}); err != nil {
		return err
	}
	if w.committer != nil {
		w.committer.add(covered, w.clock.Now())
	}
	return w.removeParts(func(subtask, n int) bool {
		if subtask%wc.Parallelism != w.subtask {
			return false // its writer may have begun already
		}
		if wc.Restored == nil {
			return true // the job failed before its first checkpoint, or has just begun
		}
		from, known := uncovered[subtask]
		return known && n >= from
	})
}

// removeParts deletes those of the job's hidden files whose subtask and number match.
func (w *writer) removeParts(match func(subtask, n int) bool) error {
	return filepath.WalkDir(w.root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another writer was faster
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, hidden := strings.CutPrefix(d.Name(), ".part-"+w.job+"-")
		rest, open := strings.CutSuffix(name, w.extension()+inProgress)
		first, second, two := strings.Cut(rest, "-")
		subtask, err1 := strconv.Atoi(first)
		n, err2 := strconv.Atoi(second)
		if !hidden || !open || !two || err1 != nil || err2 != nil || !match(subtask, n) {
			return nil
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// Write implements connectors.Writer.
func (w *writer) Write(b *types.Batch) error {
	if err := w.failed(); err != nil {
		return err
	}
	w.now = w.clock.Now()
	w.err = w.write(b)
	if w.err == nil {
		w.err = w.roll()
	}
	return w.err
}

// failed returns the error that has ended the writer, if any.
func (w *writer) failed() error {
	if w.err == nil {
		_, w.err = w.syncer.finished()
	}
	return w.err
}

func (w *writer) write(b *types.Batch) error {
	for k, i := range w.physical {
		w.view.Cols[k] = b.Cols[i]
	}
	for k, i := range w.keys {
		w.folderCols[k] = b.Cols[i]
	}
	w.view.N, w.view.Kinds = b.N, b.Kinds
	if b.Sel == nil {
		for i := range b.N {
			if err := w.row(i); err != nil {
				return err
			}
		}
	}
	for _, i := range b.Sel {
		if err := w.row(int(i)); err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) row(i int) error {
	w.folder = w.appendFolder(w.folder[:0], w.folderCols, i)
	p := w.open[string(w.folder)]
	if p == nil {
		var err error
		if p, err = w.create(string(w.folder)); err != nil {
			return err
		}
	}
	var err error
	if p.buf, err = w.encoder.Encode(p.buf, &w.view, i); err != nil {
		return err
	}
	p.buf = append(p.buf, '\n')
	p.used = w.now
	if p.size() >= w.fileSize {
		return w.seal(p)
	}
	if len(p.buf) >= bufferSize {
		return p.flush()
	}
	return nil
}

// create opens the next part file in a folder.
func (w *writer) create(folder string) (*part, error) {
	if len(w.open) >= maxOpen {
		if err := w.sealAll(); err != nil {
			return nil, err
		}
	}
	p := &part{created: w.now}
	for {
		p.partFile = partFile{folder, w.prefix + strconv.Itoa(w.next) + w.extension()}
		w.next++
		if _, err := os.Lstat(w.visible(p.partFile)); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return nil, err
		}
		// A name from an earlier run of the job, whose rows stay.
	}
	p.path = w.hidden(p.partFile)
	var err error
	if p.file, err = w.disk.create(p.path); err != nil {
		return nil, explain(p.path, err)
	}
	w.open[folder] = p
	return p, nil
}

// seal ends a part file. It is brought to disk by the syncer, or here when that has a lot to do: so a task that is faster
// than the disk is slowed down, and doesn't run out of open files.
func (w *writer) seal(p *part) error {
	delete(w.open, p.Folder)
	w.closed = append(w.closed, p.partFile)
	if w.syncer.backlog() >= maxOpen {
		return p.finish()
	}
	w.syncer.give(job{part: p})
	return nil
}

// sealIf seals those of the open part files for which want is true, in the order of their folders.
func (w *writer) sealIf(want func(*part) bool) error {
	for _, folder := range slices.Sorted(maps.Keys(w.open)) {
		if p := w.open[folder]; want(p) {
			if err := w.seal(p); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *writer) sealAll() error { return w.sealIf(func(*part) bool { return true }) }

// roll seals part files that are old or have been left alone for long, looking for them every check interval.
func (w *writer) roll() error {
	if w.now.Before(w.checkAt) {
		return nil
	}
	w.checkAt = w.now.Add(w.check)
	return w.sealIf(func(p *part) bool {
		return w.now.Sub(p.created) >= w.rollover || w.now.Sub(p.used) >= w.inactivity
	})
}

// Watermark implements connectors.WatermarkWriter.
func (w *writer) Watermark(watermark int64) { w.watermark = watermark }

// Full implements connectors.Writer.
func (w *writer) Full() bool { return w.syncer.backlog() >= maxOpen }

// Flush implements connectors.Writer. Rows become safe with a barrier.
func (w *writer) Flush() error { return w.failed() }

// Barrier implements connectors.Writer.
func (w *writer) Barrier(checkpoint int64) error {
	if err := w.failed(); err != nil {
		return err
	}
	if w.err = w.sealAll(); w.err != nil {
		return w.err
	}
	// The folders come after the files, so that the names that are on disk are those of whole files.
	b := barrier{checkpoint: checkpoint, watermark: w.watermark, files: w.closed, next: w.next}
	b.job = w.syncer.give(job{folders: folders(b.files)})
	w.barriers = append(w.barriers, b)
	w.closed = nil
	return nil
}

// Prepared implements connectors.Writer.
func (w *writer) Prepared(checkpoint int64) (state []byte, done bool, err error) {
	if err := w.failed(); err != nil {
		return nil, false, err
	}
	finished, _ := w.syncer.finished()
	w.published = slices.DeleteFunc(w.published, func(p published) bool { return p.job <= finished })
	s := snapshot{Job: w.job, Subtask: w.subtask}
	for _, p := range w.published {
		s.Files = append(s.Files, p.files...)
	}
	for _, b := range w.barriers {
		if b.checkpoint > checkpoint {
			break
		}
		if b.job > finished {
			return nil, false, nil
		}
		s.Files, s.Next = append(s.Files, b.files...), b.next
	}
	if w.committer != nil {
		s.Pending = w.committer.list()
	}
	w.prepared = max(w.prepared, checkpoint)
	state, err = json.Marshal(s)
	return state, err == nil, err
}

// Commit implements connectors.Writer.
func (w *writer) Commit(checkpoint int64) error {
	var files []partFile
	n, watermark := 0, int64(math.MinInt64)
	for n < len(w.barriers) && w.barriers[n].checkpoint <= checkpoint {
		files = append(files, w.barriers[n].files...)
		watermark = w.barriers[n].watermark
		n++
	}
	if n == 0 {
		return nil // a repetition
	}
	w.barriers = slices.Delete(w.barriers, 0, n)
	if err := w.publish(files); err != nil {
		return err
	}
	j := job{folders: folders(files)}
	if w.committer != nil {
		w.committer.add(files, w.clock.Now())
		var err error
		if j.marks, err = w.committer.committed(w.subtask, checkpoint, watermark, w.clock.Now()); err != nil {
			return err
		}
		for _, f := range j.marks {
			if !slices.Contains(j.folders, f) {
				j.folders = append(j.folders, f)
			}
		}
	}
	if checkpoint == math.MaxInt64 {
		return w.do(j) // nothing is asked of the writer any more that could say that it failed
	}
	if len(j.folders) > 0 {
		w.published = append(w.published, published{files, w.syncer.give(j)})
	}
	return nil
}

// publish renames files. One that is gone has been renamed before.
func (w *writer) publish(files []partFile) error {
	for _, f := range files {
		err := w.disk.rename(w.hidden(f), w.visible(f))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%w; a restart from the last checkpoint does it again", err)
		}
	}
	return nil
}

// Close implements connectors.Writer. Files that no checkpoint can name are removed.
func (w *writer) Close() error {
	err := w.syncer.close()
	remove := func(f partFile) {
		if e := os.Remove(w.hidden(f)); err == nil && e != nil && !errors.Is(e, fs.ErrNotExist) {
			err = e
		}
	}
	for _, p := range w.open {
		_ = p.file.Close() // its rows come again
		remove(p.partFile)
	}
	for _, f := range w.closed {
		remove(f)
	}
	for _, b := range w.barriers {
		if b.checkpoint > w.prepared {
			for _, f := range b.files {
				remove(f)
			}
		}
	}
	w.open, w.closed, w.barriers = nil, nil, nil
	return err
}
