package cli

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"
)

// logFlags say what is logged to standard error, and how.
type logFlags struct {
	format, level string
	verbose       bool
}

func (l *logFlags) flags(f *pflag.FlagSet) {
	f.StringVar(&l.format, "log-format", "", "log as slog's `text|json`, one line per event (default: messages for people)")
	f.StringVar(&l.level, "log-level", "", "the least level that is logged: `debug|info|warn|error` (default warn, with --log-format info)")
	f.BoolVarP(&l.verbose, "verbose", "v", false, "log everything that happens to stderr, not only warnings: --log-format text --log-level info")
}

// open makes the log: what a user should know of goes to standard error as a line of its own, or, for programs, in one of
// slog's formats.
func (l *logFlags) open(stderr io.Writer) (*slog.Logger, error) {
	format, level := l.format, slog.LevelWarn
	if l.verbose && format == "" {
		format = "text"
	}
	if format != "" {
		level = slog.LevelInfo
	}
	switch l.level {
	case "":
	case "debug", "info", "warn", "error":
		if err := level.UnmarshalText([]byte(l.level)); err != nil {
			return nil, err
		}
	default:
		return nil, usageErrorf("unknown --log-level %q; use debug, info, warn or error", l.level)
	}
	switch format {
	case "":
		return slog.New(&notices{out: stderr, level: level, last: map[string]time.Time{}}), nil
	case "text":
		return slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})), nil
	case "json":
		return slog.New(slog.NewJSONHandler(stderr, &slog.HandlerOptions{Level: level})), nil
	}
	return nil, usageErrorf("unknown --log-format %q; use text or json", format)
}

// noticeEvery is how often the same notice is repeated: a request that is tried again and again says so now and then.
const noticeEvery = 30 * time.Second

// notices is a slog.Handler that prints what is logged as messages of weir's.
type notices struct {
	out   io.Writer
	level slog.Level
	attrs string

	mu   sync.Mutex
	last map[string]time.Time // when a notice was printed, by its words
}

// Enabled implements slog.Handler.
func (n *notices) Enabled(_ context.Context, level slog.Level) bool { return level >= n.level }

// Handle implements slog.Handler.
func (n *notices) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString("weir: " + r.Message + n.attrs)
	key := b.String()
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(notice(a))
		if a.Key != "error" && a.Key != "in" { // the text of an error may have numbers that differ each time; pauses do
			key += notice(a)
		}
		return true
	})
	n.mu.Lock()
	defer n.mu.Unlock()
	if t, told := n.last[key]; told && r.Time.Sub(t) < noticeEvery {
		return nil
	}
	n.last[key] = r.Time
	_, err := io.WriteString(n.out, b.String()+"\n")
	return err
}

func notice(a slog.Attr) string {
	if a.Key == "stack" {
		return "\n" + a.Value.String()
	}
	return fmt.Sprintf(", %s %v", a.Key, a.Value)
}

// WithAttrs implements slog.Handler.
func (n *notices) WithAttrs(attrs []slog.Attr) slog.Handler {
	with := &notices{out: n.out, level: n.level, attrs: n.attrs, last: map[string]time.Time{}}
	for _, a := range attrs {
		with.attrs += notice(a)
	}
	return with
}

// WithGroup implements slog.Handler; groups don't show.
func (n *notices) WithGroup(string) slog.Handler { return n }
