package cli

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// history is the statements typed, the newest last. It is kept in a file, a quoted statement on each line; a history that
// can't be read or written is no reason to stop.
type history struct {
	file    string
	entries []string
}

// historyKept is how many statements a session starts with; the file is cut to them when it has grown to twice as many.
const historyKept = 1000

func openHistory(file string) *history {
	h := &history{file: file}
	text, err := os.ReadFile(file)
	if err != nil {
		return h
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	if len(lines) > 2*historyKept {
		lines = lines[len(lines)-historyKept:]
		_ = os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600)
	}
	for _, line := range lines[max(0, len(lines)-historyKept):] {
		if statement, err := strconv.Unquote(line); err == nil {
			h.entries = append(h.entries, statement)
		}
	}
	return h
}

// remember adds a statement, unless it is the newest already.
func (h *history) remember(statement string) {
	if n := len(h.entries); n > 0 && h.entries[n-1] == statement {
		return
	}
	h.entries = append(h.entries, statement)
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return
	}
	f, err := os.OpenFile(h.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, strconv.Quote(statement))
	_ = w.Flush()
}

// Add implements term.History, which offers each line; statements come by remember.
func (h *history) Add(string) {}

// Len implements term.History.
func (h *history) Len() int { return len(h.entries) }

// At implements term.History: 0 is the newest. The editor has one line, so a statement comes on one.
func (h *history) At(i int) string { return oneLine(h.entries[len(h.entries)-1-i]) }

// oneLine puts a statement on one line: line ends become spaces and comments that end with the line go, except inside
// quotes.
func oneLine(s string) string {
	var b strings.Builder
	var quote byte
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"' || c == '`':
			quote = c
		case strings.HasPrefix(s[i:], "--") || strings.HasPrefix(s[i:], "//"):
			end := strings.IndexByte(s[i:], '\n')
			if end < 0 {
				return strings.TrimSpace(b.String())
			}
			i, c = i+end, '\n'
		}
		if c == '\n' {
			c = ' '
		}
		b.WriteByte(c)
	}
	return strings.TrimSpace(b.String())
}
