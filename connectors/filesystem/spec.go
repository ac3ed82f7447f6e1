package filesystem

import (
	"fmt"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// Spec is the connector `filesystem`.
var Spec = &connectors.Spec{
	Name:    "filesystem",
	Summary: "Files in a folder, read as they are listed and written exactly once.",
	Options: []option.Option{
		{Key: "path", Kind: option.String, Required: true,
			Summary: "A file or a folder; relative paths count from where weir was started. Written tables need a folder."},
		{Key: "partition.default-name", Kind: option.String, Default: "__DEFAULT_PARTITION__",
			Summary: "The folder name that stands for NULL or the empty text in a partition column."},
		{Key: "changelog-mode", Kind: option.String,
			Summary: "The row kinds that the table carries, such as I,UA,D; needs a format that has them, such as changelog-json."},
		{Key: "source.monitor-interval", Kind: option.Duration,
			Summary: "Keep looking for new files this often; without it the table is read once. Files must appear complete."},
		{Key: "source.forget-deleted-after", Kind: option.Duration, Default: "1 d",
			Summary: "How long the name of a file that has been read is remembered after the file was deleted or moved away. Later a file of that name is a new one."},
		{Key: "source.path.regex-pattern", Kind: option.String,
			Summary: "Read only files whose absolute path matches this regular expression as a whole."},
		{Key: "source.max-record-size", Kind: option.Size, Default: "64 mb",
			Summary: "The longest record to take; a longer one fails the job."},
		{Key: "source.report-statistics", Kind: option.Enum, Values: []string{"ALL", "NONE"}, Default: "ALL",
			Summary: "Accepted for Flink's sake; statistics play no part here."},
		{Key: "sink.rolling-policy.file-size", Kind: option.Size, Default: "128 mb",
			Summary: "Begin another part file when one has this size."},
		{Key: "sink.rolling-policy.rollover-interval", Kind: option.Duration, Default: "30 min",
			Summary: "Begin another part file when one is this old. Every checkpoint begins another, too."},
		{Key: "sink.rolling-policy.inactivity-interval", Kind: option.Duration, Default: "30 min",
			Summary: "Begin another part file when one has not been written to for this long."},
		{Key: "sink.rolling-policy.check-interval", Kind: option.Duration, Default: "1 min",
			Summary: "How often to look for the age of part files."},
		{Key: "sink.shuffle-by-partition.enable", Kind: option.Bool, Default: "false",
			Summary: "Only false is supported."},
		{Key: "sink.partition-commit.policy.kind", Kind: option.String,
			Summary: "success-file: leave a file in each partition that is complete. Others are not supported."},
		{Key: "sink.partition-commit.success-file.name", Kind: option.String, Default: "_SUCCESS",
			Summary: "The name of that file."},
		{Key: "sink.partition-commit.trigger", Kind: option.Enum, Values: []string{"process-time", "partition-time"},
			Default: "process-time",
			Summary: "When a partition is complete: with a checkpoint after the delay since its first rows, or with one whose watermark has passed its time and the delay. The end of the input completes all."},
		{Key: "sink.partition-commit.delay", Kind: option.Duration, Default: "0 s",
			Summary: "How much later; for partition-time as long as a partition lasts, such as 1 h or 1 d."},
		{Key: "sink.partition-commit.watermark-time-zone", Kind: option.String, Default: "UTC",
			Summary: "The time zone of the times of partitions: UTC for watermarks of TIMESTAMP columns, the session's for those of TIMESTAMP_LTZ."},
		{Key: "sink.partition-commit.policy.class", Kind: option.String, Summary: "Not supported."},
		{Key: "sink.partition-commit.policy.class.parameters", Kind: option.String, Summary: "Not supported."},
		{Key: "partition.time-extractor.kind", Kind: option.String, Default: "default", Summary: "Only default is supported."},
		{Key: "partition.time-extractor.class", Kind: option.String, Summary: "Not supported."},
		{Key: "partition.time-extractor.timestamp-pattern", Kind: option.String,
			Summary: "How the time of a partition is made of its values, such as $day $hour:00:00; without it the first value is the time."},
		{Key: "partition.time-extractor.timestamp-formatter", Kind: option.String,
			Summary: "How that time is written, in Java's letters, such as yyyyMMdd; without it as 2023-08-22 or 2023-08-22 13:46:30."},
		{Key: "auto-compaction", Kind: option.Bool, Default: "false", Summary: "Only false is supported."},
		{Key: "compaction.file-size", Kind: option.Size, Summary: "Not supported."},
	},
	Metadata: []connectors.Metadata{
		{Key: "file.path", Type: types.StringType.WithNotNull(true), Summary: "The absolute path of the file that the row is from."},
		{Key: "file.name", Type: types.StringType.WithNotNull(true), Summary: "The name of the file, without folders."},
		{Key: "file.size", Type: types.BigIntType.WithNotNull(true), Summary: "The size of the file in bytes."},
		{Key: "file.modification-time", Type: types.TimestampLTZType(3).WithNotNull(true), Summary: "When the file was last changed."},
	},
	Format:    true,
	NewSource: newSource,
	NewSink:   newSink,
}

// table is what both sides know of the table.
type table struct {
	root        string // the path, absolute
	display     string // the path as the user wrote it
	format      *format.Spec
	options     option.Values
	stored      []types.Field // the columns within the files
	partitions  []types.Field // the columns in the names of folders, in the order of the folders
	defaultName string        // for NULL
	mode        types.ChangelogMode
}

func newTable(t *connectors.Table) (*table, error) {
	tab := &table{format: t.Format, options: t.Options, defaultName: t.Options.String("partition.default-name")}
	var err error
	tab.display = t.Options.String("path")
	if tab.root, err = localPath(tab.display); err != nil {
		return nil, err
	}
	columns := t.Physical()
	for _, key := range t.PartitionKeys {
		i := slices.IndexFunc(columns, func(f types.Field) bool { return f.Name == key })
		if i < 0 {
			return nil, fmt.Errorf("partition key %q is not a column that is stored", key)
		}
		if columns[i].Type.IsNested() || columns[i].Type.IsBinary() {
			return nil, fmt.Errorf("partition key %q: %s cannot stand in the name of a folder", key, columns[i].Type)
		}
		tab.partitions = append(tab.partitions, columns[i])
	}
	for _, c := range columns {
		if !slices.Contains(t.PartitionKeys, c.Name) {
			tab.stored = append(tab.stored, c)
		}
	}
	if len(tab.stored) == 0 {
		return nil, fmt.Errorf("a filesystem table needs a column that is not a partition key")
	}
	tab.mode = t.Format.Mode
	if text := t.Options.String("changelog-mode"); text != "" {
		mode, ok := types.ParseChangelogMode(text)
		if !ok {
			e := option.Errorf("changelog-mode", "option \"changelog-mode\": value %q is not a list of row kinds", text)
			e.Hint = "row kinds are I (insert), UB (update before), UA (update after) and D (delete)"
			return nil, e
		}
		if mode&^t.Format.Mode != 0 {
			e := option.Errorf("changelog-mode", "the format %q carries %s only, not %s", t.Format.Name, t.Format.Mode, mode)
			e.Hint = "the format changelog-json carries all row kinds"
			return nil, e
		}
		tab.mode = mode
	}
	return tab, nil
}

// localPath makes a path, which may be a file: URI, absolute.
func localPath(text string) (string, error) {
	path := text
	if scheme, rest, ok := strings.Cut(text, ":"); ok && schemePattern.MatchString(scheme) {
		if scheme != "file" {
			e := option.Errorf("path", "option \"path\": files of %s:// are not supported", scheme)
			e.Hint = "use a local path or file:///…"
			return "", e
		}
		if rest = strings.TrimPrefix(rest, "//"); strings.HasPrefix(rest, "localhost/") {
			rest = strings.TrimPrefix(rest, "localhost")
		}
		var err error
		if path, err = url.PathUnescape(rest); err != nil {
			return "", option.Errorf("path", "option \"path\": %v", err)
		}
	}
	if path == "" {
		return "", option.Errorf("path", "option \"path\" is empty")
	}
	return filepath.Abs(path)
}

// schemePattern is RFC 3986's, but for schemes of one letter: those are drives.
var schemePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]+$`)

// describe says what the table is, for EXPLAIN.
func (t *table) describe() string {
	s := "path=" + t.display + ", format=" + t.format.Name
	if len(t.partitions) > 0 {
		names := make([]string, len(t.partitions))
		for i, f := range t.partitions {
			names[i] = f.Name
		}
		s += ", partitioned by " + strings.Join(names, "/")
	}
	return s
}

// refuse returns an error for an option that is set to what isn't supported.
func (t *table) refuse(key, supported string) error {
	e := option.Errorf(key, "option %q: value %q is not supported", key, t.options.String(key))
	e.Hint = "only " + supported + " is"
	return e
}
