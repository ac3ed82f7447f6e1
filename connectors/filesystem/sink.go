package filesystem

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/runtime/clock"
	"github.com/weirsql/weir/types"
)

// sink implements connectors.Sink.
type sink struct {
	*table
	clock    clock.Clock
	accepts  types.ChangelogMode
	fileSize int64
	rollover time.Duration
	check    time.Duration
	success  string // the name of the file that marks a partition, or ""
}

var _ connectors.Sink = (*sink)(nil)

func newSink(env *connectors.Env, t *connectors.Table) (connectors.Sink, error) {
	tab, err := newTable(t)
	if err != nil {
		return nil, err
	}
	s := &sink{
		table: tab, clock: env.Clock, accepts: tab.mode, fileSize: t.Options.Size("sink.rolling-policy.file-size"),
		rollover: t.Options.Duration("sink.rolling-policy.rollover-interval"),
		check:    t.Options.Duration("sink.rolling-policy.check-interval"),
	}
	if s.accepts == types.Retract && len(t.PrimaryKey) > 0 && !t.Options.Given("changelog-mode") {
		s.accepts = types.Upsert
	}
	switch {
	case t.Options.Bool("auto-compaction"):
		return nil, tab.refuse("auto-compaction", "false")
	case t.Options.Bool("sink.shuffle-by-partition.enable"):
		return nil, tab.refuse("sink.shuffle-by-partition.enable", "false")
	case t.Options.Enum("sink.partition-commit.trigger") != "process-time":
		return nil, tab.refuse("sink.partition-commit.trigger", "process-time")
	case t.Options.Duration("sink.partition-commit.delay") != 0:
		return nil, tab.refuse("sink.partition-commit.delay", "0 s")
	}
	switch t.Options.String("sink.partition-commit.policy.kind") {
	case "":
	case "success-file":
		s.success = t.Options.String("sink.partition-commit.success-file.name")
		if s.success == "" || strings.ContainsRune(s.success, filepath.Separator) {
			return nil, option.Errorf("sink.partition-commit.success-file.name", "%q is not the name of a file", s.success)
		}
	default:
		return nil, tab.refuse("sink.partition-commit.policy.kind", "success-file")
	}
	if t.Format.NewEncoder == nil {
		return nil, option.Errorf("format", "the format %q cannot be written", t.Format.Name)
	}
	if _, err := s.encoder(); err != nil { // finds what the format refuses before a job starts
		return nil, err
	}
	return s, nil
}

func (s *sink) encoder() (format.Encoder, error) {
	return s.format.NewEncoder(format.Config{Columns: s.stored, Mode: s.accepts, Options: s.options})
}

// extension is the ending of the files' names.
func (s *sink) extension() string {
	switch s.format.Name {
	case "json", "changelog-json":
		return ".json"
	case "csv":
		return ".csv"
	}
	return ""
}

// Accepts implements connectors.Sink: what the format can carry, as upserts if the table has a key and doesn't say
// otherwise.
func (s *sink) Accepts() types.ChangelogMode { return s.accepts }

// Describe implements connectors.Sink.
func (s *sink) Describe() string { return s.describe() }

// NewWriter implements connectors.Sink.
func (s *sink) NewWriter(_ context.Context, wc connectors.WriterContext) (connectors.Writer, error) {
	w, err := newWriter(s, wc)
	if err != nil {
		return nil, err
	}
	return w, nil
}
