package checkpoint

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"sync"
)

// ErrAborted is returned by the parts of a checkpoint that has been given up.
var ErrAborted = errors.New("the checkpoint has been given up")

// Subtask is the state of one operator instance in a checkpoint.
type Subtask struct {
	ID, Name             string // of the operator
	Subtask, Parallelism int
	// Finished says that the subtask had read all of its input and will do nothing more.
	Finished bool
	// Parts in order: entries of later ones override those of earlier ones by (Name, Key). Operator entries count in the
	// last part only. A part may belong to an earlier checkpoint that was complete when this one began, or has become so since.
	Parts []File
}

// Pending is a checkpoint or savepoint that is being written. Nothing of it counts before Publish.
type Pending struct {
	fs       FS
	parent   string // the folder that paths of files are relative to
	folder   string // in parent
	manifest Manifest
	ended    func(p *Pending, published, removed bool)

	mu      sync.Mutex
	pins    map[string]bool // files of earlier checkpoints that parts may refer to
	index   map[string]int  // of operators
	named   map[string]int  // files by name, without a suffix
	closed  map[string]bool
	writing int // parts that have a file
	state   pendingState
}

type pendingState uint8

const (
	pendingOpen pendingState = iota
	pendingPublishing
	pendingPublished
	pendingAborted
)

func newPending(fsys FS, parent, folder string, m Manifest) *Pending {
	return &Pending{
		fs: fsys, parent: parent, folder: folder, manifest: m,
		pins: map[string]bool{}, index: map[string]int{}, named: map[string]int{}, closed: map[string]bool{},
	}
}

// Savepoint begins a savepoint of what a checkpoint has: a folder of its own in target, which can be moved or copied and is never removed
// by retention. Its parts can't refer to other checkpoints. nth tells savepoints of one checkpoint apart that are written
// at the same time.
func Savepoint(target FS, of *Manifest, nth int) (*Pending, error) {
	job, id, began := of.Job, of.ID, of.Time
	if err := checkJob(job); err != nil {
		return nil, err
	}
	if err := target.MakeDir("."); err != nil {
		return nil, fmt.Errorf("make the folder of savepoints %s: %w", target, err)
	}
	// Named by what it is of and not by chance, so that a simulated run can be repeated.
	for n := range uint64(1000) {
		sum := sha256.Sum256(binary.LittleEndian.AppendUint64(fmt.Appendf(nil, "%s %d %d %d ", job, id, began.UnixNano(), nth), n))
		folder := "savepoint-" + job[:min(6, len(job))] + "-" + hex.EncodeToString(sum[:6])
		files, err := target.List(folder)
		if err != nil {
			return nil, fmt.Errorf("begin savepoint in %s: %w", target, err)
		}
		if len(files) == 0 {
			return newPending(target, "", folder, Manifest{
				Version: Version, Savepoint: true, Job: job, Name: of.Name, ID: id, Time: began.UTC(), Seed: of.Seed,
			}), nil
		}
	}
	return nil, fmt.Errorf("begin savepoint in %s: there are a thousand of checkpoint %d of job %s", target, id, job)
}

// String is the URI of the folder.
func (p *Pending) String() string { return uri(p.fs, path.Join(p.parent, p.folder)) }

func (p *Pending) kind() string {
	if p.manifest.Savepoint {
		return "savepoint"
	}
	return "checkpoint"
}

func (p *Pending) fail(err error) error { return fmt.Errorf("write %s %s: %w", p.kind(), p, err) }

// Part begins a part of the state of a subtask. Any goroutine may call it; the part belongs to one, which must end it with
// Close or Abort.
func (p *Pending) Part(opID, opName string, subtask, parallelism int) *Part {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, known := p.index[opID]
	if !known {
		k = len(p.index)
		p.index[opID] = k
	}
	base := fmt.Sprintf("op-%04d-%02d", k, subtask)
	p.named[base]++
	if n := p.named[base]; n > 1 {
		base = fmt.Sprintf("%s-%d", base, n)
	}
	t := &Part{p: p, name: path.Join(p.folder, base+".state"), of: fmt.Sprintf("%s (subtask %d of %d)", opName, subtask, parallelism)}
	t.enc.w = &t.small
	return t
}

// Part is a piece of the state of a subtask on its way into a checkpoint. One goroutine uses it.
type Part struct {
	p     *Pending
	name  string // of the file, relative to the job's folder
	of    string // whose state it is, for messages
	enc   encoder
	small bytes.Buffer // all of it, while it is small
	out   Output       // or nil
	buf   *bufio.Writer
	err   error
	done  bool
}

// Write adds a block of entries (state.AppendEntry), which it doesn't keep. A file is begun when the part has become too
// large for the manifest.
func (t *Part) Write(block []byte, entries int) error {
	if t.err != nil || t.done {
		return errors.Join(t.err, t.p.alive())
	}
	if len(block) == 0 {
		return nil
	}
	t.err = t.write(block, entries)
	if t.err != nil {
		t.err = t.p.fail(fmt.Errorf("state of %s: %w", t.of, t.err))
	}
	return t.err
}

func (t *Part) write(block []byte, entries int) error {
	if err := t.p.alive(); err != nil {
		return err
	}
	if t.out == nil && t.enc.size+int64(len(magic)+2*headSize+len(block)) > inlineBytes {
		if err := t.spill(); err != nil {
			return err
		}
	}
	return t.enc.block(block, entries)
}

// spill goes on in a file.
func (t *Part) spill() (err error) {
	if err := t.p.enter(); err != nil {
		return err
	}
	if t.out, err = t.p.fs.Create(path.Join(t.p.parent, t.name)); err != nil {
		t.p.leave()
		return err
	}
	t.buf = bufio.NewWriterSize(t.out, 4<<10) // for the heads of blocks; blocks are larger, and go by
	t.enc.w = t.buf
	_, err = t.buf.Write(t.small.Bytes())
	t.small = bytes.Buffer{}
	return err
}

// Close ends the part and makes it safe; the File goes into Subtask.Parts. Without entries it is the zero File.
func (t *Part) Close() (File, error) {
	if t.done || t.err != nil {
		t.Abort()
		return File{}, errors.Join(t.err, t.p.alive())
	}
	if t.enc.size == 0 {
		t.done = true
		return File{}, nil
	}
	err := t.enc.end()
	if t.out != nil && err == nil {
		err = t.buf.Flush()
	}
	if t.out != nil && err == nil {
		err = t.out.Close()
	}
	if err != nil {
		t.err = t.p.fail(fmt.Errorf("state of %s: %w", t.of, err))
		t.Abort()
		return File{}, t.err
	}
	t.done = true
	f := File{Size: t.enc.size, CRC: t.enc.crc, Entries: t.enc.entries}
	if t.out == nil {
		f.Inline = t.small.Bytes()
		return f, nil
	}
	f.File = t.name
	t.p.mu.Lock()
	t.p.closed[f.File] = true
	t.p.mu.Unlock()
	t.p.leave()
	return f, nil
}

// Abort gives the part up and removes what has been written of it. After Close it does nothing.
func (t *Part) Abort() {
	if t.done {
		return
	}
	t.done = true
	if t.out != nil {
		t.out.Abort()
		t.p.leave()
	}
}

// pin lets parts refer to files of an earlier checkpoint.
func (p *Pending) pin(files []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range files {
		p.pins[f] = true
	}
}

// pinned adds the files that parts may refer to.
func (p *Pending) pinned(to map[string]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(to, p.pins)
}

func (p *Pending) alive() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == pendingOpen {
		return nil
	}
	return ErrAborted
}

// enter notes that a part begins a file.
func (p *Pending) enter() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state != pendingOpen {
		return ErrAborted
	}
	p.writing++
	return nil
}

// leave notes that a part has no open file any more; the last one cleans up after Abort.
func (p *Pending) leave() {
	p.mu.Lock()
	p.writing--
	last := p.writing == 0 && p.state == pendingAborted
	p.mu.Unlock()
	if last {
		p.clean()
	}
}

// Publish makes the checkpoint exist. It returns its URI and the bytes that were written for it; those of earlier
// checkpoints are not among them. Of one that fails nothing is left. All parts must have been closed.
func (p *Pending) Publish(drained bool, subtasks []Subtask) (uri string, size int64, err error) {
	p.mu.Lock()
	if p.state != pendingOpen {
		p.mu.Unlock()
		return "", 0, p.fail(ErrAborted)
	}
	p.state = pendingPublishing
	closed, pins := p.closed, maps.Clone(p.pins)
	p.mu.Unlock()
	if size, err = p.publish(drained, subtasks, closed, pins); err != nil {
		p.abort()
		return "", 0, p.fail(err)
	}
	p.mu.Lock()
	p.state = pendingPublished
	p.mu.Unlock()
	if p.ended != nil {
		p.ended(p, true, false)
	}
	return p.String(), size, nil
}

func (p *Pending) publish(drained bool, subtasks []Subtask, closed, pins map[string]bool) (size int64, err error) {
	m := &p.manifest
	m.Drained = drained
	index := map[string]int{}
	for _, t := range subtasks {
		k, known := index[t.ID]
		if !known {
			k = len(m.Operators)
			index[t.ID] = k
			m.Operators = append(m.Operators, Operator{ID: t.ID, Name: t.Name, Parallelism: t.Parallelism})
		}
		for _, f := range t.Parts {
			switch {
			case f.File == "":
			case closed[f.File]:
				size += f.Size
			case !pins[f.File]:
				return 0, fmt.Errorf("the state of %s (subtask %d) builds on %s, which is not there any more", t.Name, t.Subtask, f.File)
			}
		}
		m.Operators[k].Subtasks = append(m.Operators[k].Subtasks, State{Subtask: t.Subtask, Finished: t.Finished, Parts: t.Parts})
	}
	if err := m.check(); err != nil {
		return 0, err
	}
	data, err := m.encode(p.folder)
	if err != nil {
		return 0, err
	}
	if err := p.fs.Publish(path.Join(p.parent, p.folder, manifestName), data); err != nil {
		return 0, err
	}
	return size + int64(len(data)), nil
}

// Abort gives the checkpoint up. What has been written is removed, at the latest when its last part is closed or aborted;
// what can't be removed now is removed with older checkpoints.
func (p *Pending) Abort() {
	p.mu.Lock()
	open := p.state == pendingOpen
	p.mu.Unlock()
	if open {
		p.abort()
	}
}

func (p *Pending) abort() {
	p.mu.Lock()
	p.state = pendingAborted
	last := p.writing == 0
	p.mu.Unlock()
	if last {
		p.clean()
	}
}

// clean removes the folder. The manifest may be there after an error of Publish; it goes first, so that what is half
// removed doesn't look whole.
func (p *Pending) clean() {
	dir := path.Join(p.parent, p.folder)
	err := p.fs.Remove(path.Join(dir, manifestName))
	if err == nil {
		err = p.fs.RemoveAll(dir)
	}
	if p.ended != nil {
		p.ended(p, false, err == nil) // if it isn't removed, Retire tries again
	}
}
