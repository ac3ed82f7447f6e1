package filesystem

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
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

// writer is one parallel writer. A row's way into sight has three steps:
//
//	Write    it goes to the open part file of its partition, .part-JOB-SUBTASK-N.json.inprogress; rolling closes such
//	         files and opens others
//	Barrier  all part files are closed, and named in the state of the checkpoint once they are on disk
//	Commit   the files before the barrier are renamed to part-JOB-SUBTASK-N.json
//
// A restored writer first renames what its checkpoint names, as far as that hadn't been done, and then removes what was
// begun after the checkpoint: those rows come again.
type writer struct {
	sink    *sink
	encoder format.Encoder
	prefix  string // part-JOB-SUBTASK-
	job     string
	subtask int

	stored     []int // the columns of the batch that go into files
	keys       []int // those that name the folder
	view       types.Batch
	folder     []byte
	folderCols []*types.Vector

	next     int // number of the next part file
	open     map[string]*part
	closed   []partFile // complete, behind the last barrier
	barriers []barrier  // whose files are not yet in sight, oldest first
	checkAt  time.Time
}

// barrier is what Barrier has divided off.
type barrier struct {
	checkpoint int64
	files      []partFile // since the barrier before
	next       int        // number of the first part file behind it
}

var _ connectors.Writer = (*writer)(nil)

// part is an open part file.
type part struct {
	partFile
	file    *os.File
	buf     []byte // not yet in the file
	written int64
	created time.Time
}

// partFile names a part file: its folder below the root of the table and its name once it is in sight.
type partFile struct {
	Folder string `json:"folder,omitempty"`
	Name   string `json:"name"`
}

// snapshot is what a checkpoint holds of a writer.
type snapshot struct {
	Job     string     `json:"job"`
	Subtask int        `json:"subtask"`
	Next    int        `json:"next"`
	Files   []partFile `json:"files"`
}

const (
	inProgress = ".inprogress"
	bufferSize = 256 << 10
	// maxOpen bounds the files that are open at once when rows scatter over partitions.
	maxOpen = 64
)

func newWriter(s *sink, wc connectors.WriterContext) (*writer, error) {
	w := &writer{sink: s, subtask: wc.Subtask, open: map[string]*part{}}
	w.job = jobName(wc.JobID)
	w.prefix = fmt.Sprintf("part-%s-%d-", w.job, wc.Subtask)
	for i, c := range wc.Columns {
		if slices.ContainsFunc(s.stored, func(f types.Field) bool { return f.Name == c.Name }) {
			w.stored = append(w.stored, i)
		}
	}
	for _, f := range s.partitions {
		w.keys = append(w.keys, slices.IndexFunc(wc.Columns, func(c connectors.Column) bool { return c.Name == f.Name }))
	}
	w.view.Schema = types.NewSchema(s.stored...)
	w.view.Cols = make([]*types.Vector, len(w.stored))
	w.folderCols = make([]*types.Vector, len(w.keys))
	var err error
	if w.encoder, err = s.encoder(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(s.root, 0o777); err != nil {
		return nil, fmt.Errorf("path %s must be a folder to write to: %w", s.display, err)
	}
	if err := w.restore(wc); err != nil {
		return nil, fmt.Errorf("restore the part files of %s: %w", s.display, err)
	}
	w.checkAt = s.clock.Now().Add(s.check)
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
		w.next = max(w.next, s.Next)
		if s.Job == w.job { // else another job goes on with these files, perhaps still running
			uncovered[s.Subtask] = max(uncovered[s.Subtask], s.Next)
		}
	}
	if err := w.publish(covered); err != nil {
		return err
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
	return filepath.WalkDir(w.sink.root, func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another writer was faster
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, hidden := strings.CutPrefix(d.Name(), ".part-"+w.job+"-")
		rest, open := strings.CutSuffix(name, w.sink.extension()+inProgress)
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

func (w *writer) hidden(f partFile) string {
	return filepath.Join(w.sink.root, f.Folder, "."+f.Name+inProgress)
}

func (w *writer) visible(f partFile) string { return filepath.Join(w.sink.root, f.Folder, f.Name) }

// Write implements connectors.Writer.
func (w *writer) Write(b *types.Batch) error {
	for k, i := range w.stored {
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
	return w.roll()
}

func (w *writer) row(i int) error {
	w.folder = w.sink.appendFolder(w.folder[:0], w.folderCols, i)
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
	if p.written+int64(len(p.buf)) >= w.sink.fileSize {
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
	p := &part{created: w.sink.clock.Now()}
	for {
		p.partFile = partFile{folder, w.prefix + strconv.Itoa(w.next) + w.sink.extension()}
		w.next++
		if _, err := os.Lstat(w.visible(p.partFile)); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return nil, err
		}
		// A name from an earlier run of the job, whose rows stay.
	}
	path := w.hidden(p.partFile)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return nil, err
	}
	var err error
	if p.file, err = os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o666); err != nil {
		return nil, err
	}
	w.open[folder] = p
	return p, nil
}

func (p *part) flush() error {
	n, err := p.file.Write(p.buf)
	p.written += int64(n)
	p.buf = p.buf[:0]
	return err
}

// seal completes a part file: its rows are on disk when it returns.
func (w *writer) seal(p *part) error {
	err := p.flush()
	if err == nil {
		err = p.file.Sync()
	}
	if e := p.file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", w.hidden(p.partFile), err)
	}
	delete(w.open, p.Folder)
	w.closed = append(w.closed, p.partFile)
	return nil
}

// sealAll seals all open part files, in the order of their folders.
func (w *writer) sealAll() error {
	parts := make([]*part, 0, len(w.open))
	for _, p := range w.open {
		parts = append(parts, p)
	}
	slices.SortFunc(parts, func(a, b *part) int { return strings.Compare(a.Folder, b.Folder) })
	for _, p := range parts {
		if err := w.seal(p); err != nil {
			return err
		}
	}
	return nil
}

// roll seals part files that are old enough, looking for them every check interval.
func (w *writer) roll() error {
	now := w.sink.clock.Now()
	if now.Before(w.checkAt) {
		return nil
	}
	w.checkAt = now.Add(w.sink.check)
	for _, p := range w.open {
		if now.Sub(p.created) >= w.sink.rollover {
			if err := w.seal(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// Full implements connectors.Writer: files take what they get.
func (w *writer) Full() bool { return false }

// Flush implements connectors.Writer. Rows become safe with a barrier.
func (w *writer) Flush() error { return nil }

// Barrier implements connectors.Writer.
func (w *writer) Barrier(checkpoint int64) error {
	if err := w.sealAll(); err != nil {
		return err
	}
	w.barriers = append(w.barriers, barrier{checkpoint, w.closed, w.next})
	w.closed = nil
	return nil
}

// Prepared implements connectors.Writer.
func (w *writer) Prepared(checkpoint int64) (state []byte, done bool, err error) {
	s := snapshot{Job: w.job, Subtask: w.subtask}
	for _, b := range w.barriers {
		if b.checkpoint <= checkpoint {
			s.Files, s.Next = append(s.Files, b.files...), b.next
		}
	}
	state, err = json.Marshal(s)
	return state, err == nil, err
}

// Commit implements connectors.Writer.
func (w *writer) Commit(checkpoint int64) error {
	var files []partFile
	n := 0
	for n < len(w.barriers) && w.barriers[n].checkpoint <= checkpoint {
		files = append(files, w.barriers[n].files...)
		n++
	}
	w.barriers = slices.Delete(w.barriers, 0, n)
	return w.publish(files)
}

// publish renames files. One that is gone has been renamed before.
func (w *writer) publish(files []partFile) error {
	folders := map[string]bool{}
	for _, f := range files {
		err := os.Rename(w.hidden(f), w.visible(f))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		folders[f.Folder] = true
	}
	for folder := range folders {
		path := filepath.Join(w.sink.root, folder)
		if w.sink.success != "" && folder != "" {
			if err := os.WriteFile(filepath.Join(path, w.sink.success), nil, 0o666); err != nil {
				return err
			}
		}
		if err := syncFolder(path); err != nil {
			return err
		}
	}
	return nil
}

// syncFolder makes the names in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}

// Close implements connectors.Writer. Files behind the last barrier are removed: nobody could publish them.
func (w *writer) Close() error {
	var first error
	note := func(err error) {
		if first == nil && err != nil && !errors.Is(err, fs.ErrNotExist) {
			first = err
		}
	}
	for _, p := range w.open {
		note(p.file.Close())
		note(os.Remove(w.hidden(p.partFile)))
	}
	for _, f := range w.closed {
		note(os.Remove(w.hidden(f)))
	}
	w.open, w.closed = map[string]*part{}, nil
	return first
}
