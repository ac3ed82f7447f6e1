package checkpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"time"
)

// version is the version of the format of manifests and state files. A change of the layout, of state.HashBytes or of
// the number of key groups needs a new one.
const version = 1

const manifestName = "manifest.json"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Manifest says what belongs to a checkpoint.
type Manifest struct {
	Version int       `json:"version"`
	Job     string    `json:"job"`
	Name    string    `json:"name,omitempty"`
	ID      int64     `json:"id"`
	Time    time.Time `json:"time"` // of the job's clock
	// Drained says that all windows had been made to fire when it was taken, so that a job that goes on from it may find
	// records late.
	Drained   bool       `json:"drained,omitempty"`
	Operators []Operator `json:"operators"`
}

// Operator is an operator of the plan that the checkpoint was taken of.
type Operator struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Parallelism int    `json:"parallelism"`
	Subtasks    []File `json:"subtasks"`
}

// File is the state of one subtask.
type File struct {
	Subtask int `json:"subtask"`
	// Finished says that the subtask had read all of its input and will do nothing more.
	Finished bool `json:"finished,omitempty"`
	// File is the file's name, or "" when there is no state.
	File    string `json:"file,omitempty"`
	Size    int64  `json:"size,omitempty"`
	CRC     uint32 `json:"crc32c,omitempty"`
	Entries int    `json:"entries,omitempty"`
}

// envelope is the content of manifest.json: the manifest and the checksum of exactly its bytes.
type envelope struct {
	CRC      *uint32         `json:"crc32c"`
	Manifest json.RawMessage `json:"manifest"`
}

func (m *Manifest) encode() ([]byte, error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	crc := crc32.Checksum(raw, castagnoli)
	return json.Marshal(envelope{&crc, raw})
}

func decodeManifest(data []byte) (*Manifest, error) {
	var e envelope
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("there is something behind the manifest")
	}
	if e.CRC == nil || crc32.Checksum(e.Manifest, castagnoli) != *e.CRC {
		return nil, errors.New("its checksum doesn't hold")
	}
	var m Manifest
	if err := json.Unmarshal(e.Manifest, &m); err != nil {
		return nil, err
	}
	if m.Version != version {
		return nil, fmt.Errorf("it has format version %d, this release reads %d", m.Version, version)
	}
	return &m, nil
}
