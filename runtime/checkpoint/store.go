package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Store writes the checkpoints of one job. Only one Store of a job may be in use at a time, by any process: what it finds
// half-written it takes for remains. Methods may be called from any goroutine.
type Store struct {
	// Seed is what the job's random functions draw from, for the manifests; nil: it isn't known. Not to be changed once a
	// checkpoint has begun.
	Seed *int64

	fs        FS
	job, name string

	retiring sync.Mutex // one Retire at a time

	mu      sync.Mutex
	last    int64
	folders map[int64]*held
	pending map[*Pending]bool
}

// held is a folder of the job.
type held struct {
	state folderState
	files []string // that the manifest of a complete checkpoint refers to, of its own and of earlier ones
	kept  int      // files that were needed by others when the folder was cleaned last, or -1
}

type folderState uint8

const (
	folderRemains    folderState = iota // no manifest: a crash, a failure, or a retired checkpoint that others build on
	folderComplete                      // may be restored
	folderUnreadable                    // its manifest is damaged, or of another version
)

// NewStore is NewStoreIn at a URI.
func NewStore(uri, job, name string) (*Store, error) {
	fsys, err := Resolve(uri)
	if err != nil {
		return nil, err
	}
	return NewStoreIn(fsys, job, name)
}

// NewStoreIn returns a store of a job, whose checkpoints are in the folder of fsys that has the job's id as name. It goes
// on counting behind what is there, damaged or not, and removes what attempts that crashed have left half-written.
func NewStoreIn(fsys FS, job, name string) (*Store, error) {
	if err := checkJob(job); err != nil {
		return nil, err
	}
	s := &Store{fs: fsys, job: job, name: name, folders: map[int64]*held{}, pending: map[*Pending]bool{}}
	if err := fsys.MakeDir(job); err != nil {
		return nil, fmt.Errorf("make the folder of checkpoints %s: %w", uri(fsys, job), err)
	}
	ids, err := list(fsys, job)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		s.last = max(s.last, id)
		h := &held{kept: -1}
		s.folders[id] = h
		m, err := readManifest(fsys, path.Join(job, folder(id)))
		switch {
		case err == nil:
			h.state = folderComplete
			h.files = m.names()
		case errors.Is(err, fs.ErrNotExist):
		case isDamage(err), errors.As(err, new(versionError)):
			h.state = folderUnreadable
		default:
			return nil, fmt.Errorf("read checkpoint %s: %w", uri(fsys, path.Join(job, folder(id))), err)
		}
	}
	s.clean(len(s.folders)) // what can't be removed now is tried again by Retire
	return s, nil
}

func checkJob(job string) error {
	if job == "" || job == "." || job == ".." || strings.ContainsAny(job, `/\`) {
		return fmt.Errorf("job id %q can't be the name of a folder of checkpoints", job)
	}
	return nil
}

// names returns the files that the manifest refers to.
func (m *Manifest) names() (names []string) {
	for f := range m.files() {
		if f.File != "" {
			names = append(names, f.File)
		}
	}
	return names
}

// NextID returns the number of the next checkpoint.
func (s *Store) NextID() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	return s.last
}

// Begin starts a checkpoint with a number from NextID. Several may be under way.
func (s *Store) Begin(id int64, began time.Time) (*Pending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folders[id] != nil || id <= 0 || id > s.last {
		return nil, fmt.Errorf("begin checkpoint %d of job %s: it is not a new number", id, s.job)
	}
	p := newPending(s.fs, s.job, folder(id), Manifest{Version: Version, Job: s.job, Name: s.name, ID: id, Time: began.UTC(), Seed: s.Seed})
	for _, h := range s.folders {
		if h.state == folderComplete {
			p.pin(h.files)
		}
	}
	p.ended = s.ended
	s.folders[id] = &held{kept: -1}
	s.pending[p] = true
	return p, nil
}

// ended notes how a checkpoint has ended: it is published, or removed, or neither.
func (s *Store) ended(p *Pending, published, removed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.pending, p)
	if h := s.folders[p.manifest.ID]; published {
		h.state, h.files = folderComplete, p.manifest.names()
		for later := range s.pending {
			if later.manifest.ID > p.manifest.ID {
				later.pin(h.files)
			}
		}
	} else if removed {
		delete(s.folders, p.manifest.ID)
	}
}

// Savepoint begins a savepoint in a folder of its own in target, see Savepoint.
func (s *Store) Savepoint(target FS, id int64, began time.Time) (*Pending, error) {
	return Savepoint(target, &Manifest{Job: s.job, Name: s.name, ID: id, Time: began, Seed: s.Seed}, 0)
}

// Retire removes all but the newest retained complete checkpoints, and remains of failed ones. Files of older ones stay
// while a retained one builds on them, or one that is under way may do so. What can't be removed is left for the next time;
// so is everything while another call is under way.
func (s *Store) Retire(retained int) error { return s.clean(retained) }

func (s *Store) clean(retained int) error {
	if !s.retiring.TryLock() {
		return nil
	}
	defer s.retiring.Unlock()
	victims := s.victims(retained)
	var errs []error
	for _, v := range victims {
		gone, err := s.remove(v)
		s.mu.Lock()
		if gone {
			delete(s.folders, v.id)
		} else if err == nil {
			s.folders[v.id].kept = len(v.needed)
		}
		s.mu.Unlock()
		if err != nil {
			errs = append(errs, fmt.Errorf("remove checkpoint %s: %w", uri(s.fs, path.Join(s.job, folder(v.id))), err))
		}
	}
	return errors.Join(errs...)
}

// victim is a folder that goes, but for the files that are needed.
type victim struct {
	id     int64
	needed map[string]bool // by name in the folder
}

// victims decides what goes. From then on it isn't complete any more, so that nothing new builds on it.
func (s *Store) victims(retained int) (victims []victim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	needed, busy := map[string]bool{}, map[int64]bool{}
	for p := range s.pending {
		busy[p.manifest.ID] = true
		p.pinned(needed)
	}
	var ids []int64
	for _, id := range s.newestFirst() {
		h := s.folders[id]
		if busy[id] {
			continue
		}
		if h.state == folderUnreadable && retained > 0 {
			// What it builds on isn't known, and it may yet be repaired, or read by the release that wrote it: it stays, and
			// what is older, until enough newer ones are complete.
			break
		}
		if h.state == folderComplete && retained > 0 {
			retained--
			for _, f := range h.files {
				needed[f] = true
			}
			continue
		}
		ids = append(ids, id)
	}
	for _, id := range ids {
		h, v := s.folders[id], victim{id, map[string]bool{}}
		h.state = folderRemains
		for f := range needed {
			if dir, name := path.Split(f); dir == folder(id)+"/" {
				v.needed[name] = true
			}
		}
		if h.kept != len(v.needed) {
			victims = append(victims, v)
		}
	}
	return victims
}

// remove removes a folder, or what nobody needs in it. The manifest goes first: what is half removed must not look whole.
func (s *Store) remove(v victim) (gone bool, err error) {
	dir := path.Join(s.job, folder(v.id))
	if err := s.fs.Remove(path.Join(dir, manifestName)); err != nil {
		return false, err
	}
	if len(v.needed) == 0 {
		err := s.fs.RemoveAll(dir)
		return err == nil, err
	}
	files, err := s.fs.List(dir)
	if err != nil {
		return false, err
	}
	var errs []error
	for _, f := range files {
		if !v.needed[f.Name] {
			errs = append(errs, s.fs.Remove(path.Join(dir, f.Name)))
		}
	}
	return false, errors.Join(errs...)
}

func (s *Store) newestFirst() []int64 {
	var ids []int64
	for id := range s.folders {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids
}

func folder(id int64) string { return "chk-" + strconv.FormatInt(id, 10) }

// list returns the numbers of the checkpoint folders of a job, newest first.
func list(fsys FS, job string) ([]int64, error) {
	files, err := fsys.List(job)
	if err != nil {
		return nil, fmt.Errorf("list checkpoints in %s: %w", uri(fsys, job), err)
	}
	var ids []int64
	for _, f := range files {
		digits, ok := strings.CutPrefix(f.Name, "chk-")
		if id, err := strconv.ParseInt(digits, 10, 64); ok && err == nil && f.Dir && id > 0 {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}

// readManifest reads the manifest of a folder; fs.ErrNotExist when it has none.
func readManifest(fsys FS, dir string) (*Manifest, error) {
	r, err := fsys.Open(path.Join(dir, manifestName))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, readError(err)
	}
	return decodeManifest(data, path.Base(dir))
}
