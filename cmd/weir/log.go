package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// newLog makes the log: what a user should know of goes to standard error as a line of its own, everything with -v.
func newLog(stderr io.Writer, verbose bool) *slog.Logger {
	if verbose {
		return slog.New(slog.NewTextHandler(stderr, nil))
	}
	return slog.New(&notices{out: stderr, last: map[string]time.Time{}})
}

// noticeEvery is how often the same notice is repeated: a request that is tried again and again says so now and then.
const noticeEvery = 30 * time.Second

// notices is a slog.Handler that prints warnings and errors as messages of weir's.
type notices struct {
	out   io.Writer
	attrs string

	mu   sync.Mutex
	last map[string]time.Time // when a notice was printed, by its words
}

// Enabled implements slog.Handler.
func (*notices) Enabled(_ context.Context, level slog.Level) bool { return level >= slog.LevelWarn }

// Handle implements slog.Handler.
func (n *notices) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString("weir: " + r.Message + n.attrs)
	key := b.String()
	r.Attrs(func(a slog.Attr) bool {
		b.WriteString(notice(a))
		if a.Key != "error" { // the text of an error may have numbers that differ each time
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
	with := &notices{out: n.out, attrs: n.attrs, last: map[string]time.Time{}}
	for _, a := range attrs {
		with.attrs += notice(a)
	}
	return with
}

// WithGroup implements slog.Handler; groups don't show.
func (n *notices) WithGroup(string) slog.Handler { return n }
