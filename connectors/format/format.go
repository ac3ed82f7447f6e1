// Package format is the contract of record formats: bytes to columns and columns to bytes. Each format lives in a
// folder below this one (json, csv, changelogjson) and is one line in connectors/all.
package format

import (
	"errors"
	"fmt"

	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Spec describes a format: what `'format' = 'name'` means.
type Spec struct {
	Name    string
	Summary string
	// Options are the format's own, with its prefix: `json.ignore-parse-errors`.
	Options []option.Option
	// Mode is the set of row kinds the format can carry: AppendOnly for plain records, Retract for changelogs.
	Mode types.ChangelogMode
	// Lines says that every newline ends a record, so that reading may begin in the middle of a file.
	Lines bool
	// NewDecoder and NewEncoder fix the columns, found in records by name or, for csv, by their position among all. An
	// *option.Error is shown at the option it names. nil when the format has no such side.
	NewDecoder func(c Config) (Decoder, error)
	NewEncoder func(c Config) (Encoder, error)
}

// Config is what a decoder or encoder is made for.
type Config struct {
	// Columns are the physical columns of the table, in order.
	Columns []types.Field
	// Needed lists, ascending, the columns to decode; the batches have just these. Encoders get all columns.
	Needed []int
	// Mode is the set of row kinds that the table carries; 0 is all that the format can.
	Mode    types.ChangelogMode
	Options option.Values
	// Ignored hears how many unfit records, and unfit values of other records, a decoder has left out because an option
	// such as 'json.ignore-parse-errors' says so; nil: nobody asks.
	Ignored func(n int)
}

// Skipped returns Ignored, or a function that does nothing.
func (c Config) Skipped() func(n int) {
	if c.Ignored == nil {
		return func(int) {}
	}
	return c.Ignored
}

// Fields returns the fields of the needed columns: the schema of the batches that the decoder fills.
func (c Config) Fields() []types.Field {
	fields := make([]types.Field, len(c.Needed))
	for i, n := range c.Needed {
		fields[i] = c.Columns[n]
	}
	return fields
}

// Decoder turns records into rows. It belongs to one reader and is not safe for concurrent use.
type Decoder interface {
	// Decode appends the rows of one record (usually one row, none for a record that is skipped) to out, whose columns
	// are the needed ones. On an error out is as it was before.
	Decode(record []byte, out *types.Batch) error
	// DecodeLines appends rows from the newline-separated records in data, at most max rows, and returns how many bytes
	// it consumed: whole records only, unless atEOF, when the last one may lack its newline. It stops behind a record that
	// doesn't decode with a *RecordError; the caller may call again with the rest. Consuming nothing without an error
	// means that data holds no whole record.
	DecodeLines(data []byte, atEOF bool, out *types.Batch, max int) (consumed int, err error)
}

// Encoder turns rows into records. It belongs to one writer and is not safe for concurrent use.
type Encoder interface {
	// Encode appends row i of b (a physical row) as one record, without a newline, to dst.
	Encode(dst []byte, b *types.Batch, i int) ([]byte, error)
}

// RecordError says that one record among several doesn't decode.
type RecordError struct {
	Record []byte // the raw bytes, part of the data passed in
	Offset int    // where they begin in it
	Err    error
}

func (e *RecordError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RecordError) Unwrap() error { return e.Err }

// Registry holds formats by name.
type Registry struct {
	specs map[string]*Spec
	names []string
}

// NewRegistry returns a registry of these formats; a name twice is an error.
func NewRegistry(specs ...*Spec) (*Registry, error) {
	r := &Registry{specs: map[string]*Spec{}}
	for _, s := range specs {
		if s.Name == "" {
			return nil, errors.New("a format needs a name")
		}
		if _, taken := r.specs[s.Name]; taken {
			return nil, fmt.Errorf("format %q is registered already", s.Name)
		}
		r.specs[s.Name] = s
		r.names = append(r.names, s.Name)
	}
	return r, nil
}

// Lookup finds a format.
func (r *Registry) Lookup(name string) (*Spec, bool) {
	s, ok := r.specs[name]
	return s, ok
}

// Names lists the formats in the order of registration.
func (r *Registry) Names() []string { return r.names }
