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
	clock      clock.Clock
	disk       disk
	accepts    types.ChangelogMode
	fileSize   int64
	rollover   time.Duration
	inactivity time.Duration
	check      time.Duration
	success    string     // the name of the file that marks a partition, or ""
	committer  *committer // nil: partitions are not marked
}

var _ connectors.Sink = (*sink)(nil)

func newSink(env *connectors.Env, t *connectors.Table) (connectors.Sink, error) {
	tab, err := newTable(t)
	if err != nil {
		return nil, err
	}
	s := &sink{
		table: tab, clock: env.Clock, disk: realDisk(), accepts: tab.mode, fileSize: t.Options.Size("sink.rolling-policy.file-size"),
		rollover:   t.Options.Duration("sink.rolling-policy.rollover-interval"),
		inactivity: t.Options.Duration("sink.rolling-policy.inactivity-interval"),
		check:      t.Options.Duration("sink.rolling-policy.check-interval"),
	}
	if s.accepts == types.Retract && len(t.PrimaryKey) > 0 && !t.Options.Given("changelog-mode") {
		s.accepts = types.Upsert
	}
	switch {
	case t.Options.Bool("auto-compaction"):
		return nil, tab.refuse("auto-compaction", "false")
	case t.Options.Bool("sink.shuffle-by-partition.enable"):
		return nil, tab.refuse("sink.shuffle-by-partition.enable", "false")
	case t.Options.String("partition.time-extractor.kind") != "default":
		return nil, tab.refuse("partition.time-extractor.kind", "default")
	}
	for _, key := range []string{"compaction.file-size", "partition.time-extractor.class",
		"sink.partition-commit.policy.class", "sink.partition-commit.policy.class.parameters"} {
		if t.Options.Given(key) {
			return nil, option.Errorf(key, "option %q is not supported", key)
		}
	}
	if err := s.partitionCommit(); err != nil {
		return nil, err
	}
	if t.Format.NewEncoder == nil {
		return nil, option.Errorf("format", "the format %q cannot be written", t.Format.Name)
	}
	if _, err := s.encoder(); err != nil { // finds what the format refuses before a job starts
		return nil, err
	}
	return s, nil
}

// partitionCommit reads how partitions are marked as complete.
func (s *sink) partitionCommit() error {
	const kind, name = "sink.partition-commit.policy.kind", "sink.partition-commit.success-file.name"
	switch s.options.String(kind) {
	case "":
		return nil
	case "success-file":
	default:
		return s.refuse(kind, "success-file")
	}
	s.success = s.options.String(name)
	if s.success == "" || strings.ContainsRune(s.success, filepath.Separator) {
		return option.Errorf(name, "option %q: %q is not the name of a file", name, s.success)
	}
	if len(s.partitions) == 0 {
		return nil // only partitions are marked
	}
	var at *partitionTime
	if s.options.Enum("sink.partition-commit.trigger") == "partition-time" {
		var err error
		if at, err = newPartitionTime(s.table); err != nil {
			return err
		}
	}
	s.committer = newCommitter(s.options.Duration("sink.partition-commit.delay"), at)
	return nil
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
func (s *sink) NewWriter(ctx context.Context, wc connectors.WriterContext) (connectors.Writer, error) {
	w, err := newWriter(ctx, s, wc)
	if err != nil {
		return nil, err
	}
	return w, nil
}
