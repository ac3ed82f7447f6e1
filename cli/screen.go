package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

// screen is where a command's results and messages go. On a terminal the tables that are still changing, and a line of
// progress below them, stay at the bottom and are redrawn in place; everything else scrolls by above them. It is safe for
// concurrent use.
type screen struct {
	stdout, stderr io.Writer
	location       func() *time.Location // of the session, for TIMESTAMP_LTZ; nil is UTC
	live           io.Writer             // the terminal that is redrawn, or nil
	tables         bool                  // standard output is that terminal, so tables are redrawn too

	mu      sync.Mutex
	open    []*tableWriter // in the order they were opened
	status  func() string  // the line of progress; may be nil
	drawn   int            // lines that the next drawing replaces
	changed bool           // since the last drawing
}

// redrawEvery is how often what has changed is drawn.
const redrawEvery = 100 * time.Millisecond

// newScreen makes a screen and, if something is redrawn, starts its clock; stop ends that.
func newScreen(stdout, stderr io.Writer) (s *screen, stop func()) {
	s = &screen{stdout: stdout, stderr: stderr}
	switch {
	case isTerminal(stdout):
		s.live, s.tables = stdout, true
	case isTerminal(stderr):
		s.live = stderr
	default:
		return s, func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticks := time.NewTicker(redrawEvery)
		defer ticks.Stop()
		for {
			select {
			case <-end:
				return
			case <-ticks.C:
				s.mu.Lock()
				if s.changed || s.status != nil {
					s.draw()
				}
				s.mu.Unlock()
			}
		}
	}()
	return s, sync.OnceFunc(func() {
		close(end)
		<-ended
		s.mu.Lock()
		defer s.mu.Unlock()
		s.erase()
	})
}

// showStatus sets the line of progress; nil takes it away.
func (s *screen) showStatus(status func() string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status, s.changed = status, true
}

// writer makes room on the screen for what others write to standard output or standard error.
func (s *screen) writer(w io.Writer) io.Writer { return &roomMaker{s, w} }

type roomMaker struct {
	s *screen
	w io.Writer
}

func (r *roomMaker) Write(p []byte) (int, error) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.s.erase()
	return r.w.Write(p)
}

// print writes a piece of output in one go, so that lines of different queries don't mix.
func (s *screen) print(text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	_, err := s.stdout.Write(text)
	return err
}

// say writes a line to standard error.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	fmt.Fprintf(s.stderr, format+"\n", args...)
}

// erase removes what is redrawn, until the next drawing.
func (s *screen) erase() {
	if s.drawn > 0 {
		fmt.Fprintf(s.live, "\r\x1b[%dA\x1b[J", s.drawn)
		s.drawn, s.changed = 0, true
	}
}

// draw replaces what is redrawn, in one write so that it doesn't flicker.
func (s *screen) draw() {
	columns, rows := terminalSize(s.live)
	var lines []string
	if s.tables && len(s.open) > 0 {
		// Each table has a frame of four lines, its count and perhaps a title.
		share := max(1, (rows-2)/len(s.open)-6)
		for _, t := range s.open {
			lines = append(lines, t.last(share)...)
		}
	}
	if s.status != nil {
		if text := s.status(); text != "" {
			lines = append(lines, text)
		}
	}
	lines = lines[max(0, len(lines)-(rows-1)):]
	var b strings.Builder
	if s.drawn > 0 {
		fmt.Fprintf(&b, "\r\x1b[%dA", s.drawn)
	}
	for _, line := range lines {
		b.WriteString(cutToWidth(line, columns) + "\x1b[K\n")
	}
	if s.drawn > 0 {
		b.WriteString("\x1b[J")
	}
	io.WriteString(s.live, b.String())
	s.drawn, s.changed = len(lines), false
}

// isTerminal reports whether a file is a terminal.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// terminalSize is the size of a terminal, or the usual one where it can't be told.
func terminalSize(w io.Writer) (columns, rows int) {
	if f, ok := w.(*os.File); ok {
		if columns, rows, err := term.GetSize(int(f.Fd())); err == nil && columns > 0 && rows > 0 {
			return columns, rows
		}
	}
	return 80, 24
}

// displayWidth is the number of terminal columns of a text; East Asian wide characters take two.
func displayWidth(s string) int {
	n := 0
	for _, r := range s {
		n += runeWidth(r)
	}
	return n
}

func runeWidth(r rune) int {
	if r >= utf8.RuneSelf {
		if k := width.LookupRune(r).Kind(); k == width.EastAsianWide || k == width.EastAsianFullwidth {
			return 2
		}
	}
	return 1
}

// cutToWidth shortens a line that would wrap, which would upset the redrawing.
func cutToWidth(s string, columns int) string {
	if len(s) <= columns || displayWidth(s) <= columns {
		return s
	}
	n := 0
	for i, r := range s {
		if n += runeWidth(r); n > columns-1 {
			return s[:i] + "…"
		}
	}
	return s
}
