package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path"
	"strings"
	"time"
)

// Version is the version of the format of manifests and state files. A change of the layout, of state.HashBytes, of
// state.AppendEntry or of the number of key groups needs a new one.
const Version = 2

const manifestName = "manifest.json"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Manifest says what belongs to a checkpoint or savepoint.
type Manifest struct {
	Version int `json:"version"`
	// Savepoint says that all of it is in one folder, which no retention removes.
	Savepoint bool      `json:"savepoint,omitempty"`
	Job       string    `json:"job"`
	Name      string    `json:"name,omitempty"`
	ID        int64     `json:"id"`
	Time      time.Time `json:"time"` // of the job's clock
	// Drained says that all windows had been made to fire when it was taken, so that a job that goes on from it may find
	// records late.
	Drained bool `json:"drained,omitempty"`
	// Seed is what the job's random functions draw from.
	Seed      *int64     `json:"seed,omitempty"`
	Operators []Operator `json:"operators"`
}

// Operator is an operator of the plan that the checkpoint was taken of.
type Operator struct {
	ID          string  `json:"id"`
	Name        string  `json:"name"`
	Parallelism int     `json:"parallelism"`
	Subtasks    []State `json:"subtasks"` // each of them once, in any order
}

// State is the state of one subtask.
type State struct {
	Subtask int `json:"subtask"`
	// Finished says that the subtask had read all of its input and will do nothing more.
	Finished bool `json:"finished,omitempty"`
	// Parts are in order: entries of later ones replace or remove those of earlier ones.
	Parts []File `json:"parts,omitempty"`
	// Entries is the number of entries in the parts, in a manifest that has been read.
	Entries int `json:"-"`
}

// File is a part of the state of a subtask: a file, or the bytes of a small one. The zero File has no entries.
type File struct {
	// File is the path of the file, relative to the folder of the job's checkpoints: "chk-5/op-0003-01.state". In the
	// manifest on disk a file of the checkpoint's own folder is named without the folder, so that it can be renamed.
	File    string `json:"file,omitempty"`
	Inline  []byte `json:"inline,omitempty"`
	Size    int64  `json:"size,omitempty"` // in bytes
	CRC     uint32 `json:"crc32c,omitempty"`
	Entries int    `json:"entries,omitempty"`
}

// Bytes is the size of all the state that belongs to the checkpoint, parts of earlier ones included.
func (m *Manifest) Bytes() (n int64) {
	for f := range m.files() {
		n += f.Size
	}
	return n
}

// files goes through all parts of all subtasks.
func (m *Manifest) files() func(yield func(*File) bool) {
	return func(yield func(*File) bool) {
		for i := range m.Operators {
			for j := range m.Operators[i].Subtasks {
				parts := m.Operators[i].Subtasks[j].Parts
				for k := range parts {
					if !yield(&parts[k]) {
						return
					}
				}
			}
		}
	}
}

// envelope is the content of manifest.json: the manifest and the checksum of exactly its bytes.
type envelope struct {
	CRC      uint32          `json:"crc32c"`
	Manifest json.RawMessage `json:"manifest"`
}

// encode returns the content of manifest.json in a folder.
func (m *Manifest) encode(folder string) ([]byte, error) {
	for f := range m.files() {
		f.File = strings.TrimPrefix(f.File, folder+"/")
	}
	raw, err := json.Marshal(m)
	for f := range m.files() {
		f.locate(folder)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(envelope{crc32.Checksum(raw, castagnoli), raw})
}

// locate makes the path of a file that is in the manifest's own folder relative to the job's.
func (f *File) locate(folder string) {
	if f.File != "" && !strings.Contains(f.File, "/") {
		f.File = path.Join(folder, f.File)
	}
}

// damage is an error that says that a checkpoint isn't what was written: an older one may be used instead. Other errors,
// of a network for example, say nothing of the checkpoint.
type damage struct{ error }

func damaged(format string, args ...any) error { return damage{fmt.Errorf(format, args...)} }

func (d damage) Unwrap() error { return d.error }

func isDamage(err error) bool { return errors.As(err, new(damage)) }

// decodeManifest reads the content of manifest.json in a folder.
func decodeManifest(data []byte, folder string) (*Manifest, error) {
	var e envelope
	if err := json.Unmarshal(data, &e); err != nil {
		return nil, damaged("it is cut off, or not a manifest: %w", err)
	}
	// A changed byte may leave the meaning as it is, such as the case of a name; this finds it.
	exact, err := json.Marshal(e)
	if err != nil || !bytes.Equal(exact, data) || crc32.Checksum(e.Manifest, castagnoli) != e.CRC {
		return nil, damaged("its checksum doesn't hold")
	}
	var version struct{ Version int }
	if err := json.Unmarshal(e.Manifest, &version); err != nil {
		return nil, damaged("it isn't a manifest: %w", err)
	}
	if version.Version != Version {
		return nil, versionError(version.Version)
	}
	m := &Manifest{}
	if err := json.Unmarshal(e.Manifest, m); err != nil {
		return nil, damaged("it isn't a manifest: %w", err)
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	for f := range m.files() {
		f.locate(folder)
	}
	for _, op := range m.Operators {
		for i := range op.Subtasks {
			for _, f := range op.Subtasks[i].Parts {
				op.Subtasks[i].Entries += f.Entries
			}
		}
	}
	return m, nil
}

// versionError refuses the version of a manifest.
type versionError int

func (v versionError) Error() string {
	if v < Version {
		return fmt.Sprintf("it has format version %d, which this release can't read any more (it reads version %d): "+
			"let the release that wrote it finish the job, or start without restoring", int(v), Version)
	}
	return fmt.Sprintf("it has format version %d, which is newer than this release (it reads version %d): "+
		"restore with the release that wrote it, or a later one", int(v), Version)
}

// check finds what would make state be lost in silence: subtasks that are missing or there twice, and paths that lead out of
// the job's folder.
func (m *Manifest) check() error {
	ids := map[string]bool{}
	for _, op := range m.Operators {
		if ids[op.ID] {
			return damaged("operator %s (%s) is in it twice", op.Name, op.ID)
		}
		ids[op.ID] = true
		seen := map[int]bool{}
		for _, s := range op.Subtasks {
			if s.Subtask < 0 || s.Subtask >= op.Parallelism {
				return damaged("operator %s (%s) has no subtask %d, its parallelism is %d", op.Name, op.ID, s.Subtask, op.Parallelism)
			}
			if seen[s.Subtask] {
				return damaged("subtask %d of operator %s (%s) is in it twice", s.Subtask, op.Name, op.ID)
			}
			seen[s.Subtask] = true
		}
		if len(seen) != op.Parallelism {
			return damaged("%d of the %d subtasks of operator %s (%s) are missing", op.Parallelism-len(seen), op.Parallelism, op.Name, op.ID)
		}
	}
	for f := range m.files() {
		if f.File != "" && (!fs.ValidPath(f.File) || f.Inline != nil) || f.Size < 0 || f.Entries < 0 ||
			f.File == "" && (int64(len(f.Inline)) != f.Size || f.Entries > 0 && f.Size == 0) {
			return damaged("it has a malformed part %q", f.File)
		}
	}
	return nil
}
