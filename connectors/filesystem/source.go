package filesystem

import (
	"context"
	"path/filepath"
	"regexp"
	"time"

	"github.com/weirsql/weir/connectors"
	"github.com/weirsql/weir/connectors/format"
	"github.com/weirsql/weir/connectors/option"
	"github.com/weirsql/weir/types"
)

// source implements connectors.Source.
type source struct {
	*table
	base      string // the folder that the root is in: what the paths in split IDs count from
	pattern   *regexp.Regexp
	interval  time.Duration
	forget    time.Duration
	maxRecord int
	splitSize int64
	chunkSize int
}

// maxFiles is how many files each subtask has open: enough to follow many that go on side by side, few enough for the
// limits of a process.
const maxFiles = 64

var (
	_ connectors.Source    = (*source)(nil)
	_ connectors.Limited   = (*source)(nil)
	_ connectors.Forgetter = (*source)(nil)
)

func newSource(_ *connectors.Env, t *connectors.Table) (connectors.Source, error) {
	tab, err := newTable(t)
	if err != nil {
		return nil, err
	}
	s := &source{
		table: tab, base: filepath.Dir(tab.root), interval: t.Options.Duration("source.monitor-interval"),
		forget:    t.Options.Duration("source.forget-deleted-after"),
		maxRecord: int(t.Options.Size("source.max-record-size")), splitSize: splitSize, chunkSize: chunkSize,
	}
	if t.Options.Given("source.monitor-interval") && s.interval <= 0 {
		return nil, option.Errorf("source.monitor-interval", "option \"source.monitor-interval\" must be more than 0")
	}
	if text := t.Options.String("source.path.regex-pattern"); text != "" {
		if s.pattern, err = regexp.Compile("^(?:" + text + ")$"); err != nil {
			return nil, option.Errorf("source.path.regex-pattern", "option \"source.path.regex-pattern\": %v", err)
		}
	}
	if t.Format.NewDecoder == nil {
		return nil, option.Errorf("format", "the format %q cannot be read", t.Format.Name)
	}
	all := make([]int, len(tab.stored))
	for i := range all {
		all[i] = i
	}
	if _, err := s.decoder(all, nil); err != nil { // finds what the format refuses before a job starts
		return nil, err
	}
	return s, nil
}

func (s *source) decoder(needed []int, ignored func(int)) (format.Decoder, error) {
	return s.format.NewDecoder(format.Config{Columns: s.stored, Needed: needed, Mode: s.mode, Options: s.options, Ignored: ignored})
}

// Mode implements connectors.Source.
func (s *source) Mode() types.ChangelogMode { return s.mode }

// Bounded implements connectors.Source.
func (s *source) Bounded() bool { return s.interval == 0 }

// MaxOpen implements connectors.Limited.
func (s *source) MaxOpen() int { return maxFiles }

// DiscoveryInterval implements connectors.Source.
func (s *source) DiscoveryInterval() time.Duration { return s.interval }

// ForgetAfter implements connectors.Forgetter.
func (s *source) ForgetAfter() time.Duration { return s.forget }

// Describe implements connectors.Source.
func (s *source) Describe() string { return s.describe() }

// Open implements connectors.Source.
func (s *source) Open(_ context.Context, split connectors.Split, rc connectors.ReaderContext) (connectors.Reader, error) {
	r, err := s.open(split, rc)
	if err != nil {
		return nil, err
	}
	return r, nil
}
