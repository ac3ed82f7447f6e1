package cli

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// typeLines types keys at an editor and returns the lines that it gives; "^C" stands for a line that was dropped.
func typeLines(t *testing.T, h *history, keys string) []string {
	t.Helper()
	lines := newTerminalLines(strings.NewReader(keys), io.Discard, h, func() []string {
		return []string{"SELECT", "SET", "SHOW", "FROM", "clicks", "clickers", "SUBSTRING"}
	})
	var got []string
	for {
		line, err := lines.ReadLine("> ")
		switch {
		case errors.Is(err, errInterrupted):
			line = "^C"
		case errors.Is(err, io.EOF):
			return got
		case err != nil:
			t.Fatal(err)
		default:
			lines.Remember(line)
		}
		got = append(got, line)
	}
}

func TestTyping(t *testing.T) {
	const up, left = "\x1b[A", "\x1b[D"
	tests := []struct {
		name, keys string
		want       []string
	}{
		{"lines", "SELECT 1\rFROM t;\r", []string{"SELECT 1", "FROM t;"}},
		{"the history is walked with arrows", "one;\rtwo;\r" + up + up + "\r" + up + "\r", []string{"one;", "two;", "one;", "one;"}},
		{"cursor keys edit", "SELCT" + left + left + "E\r", []string{"SELECT"}},
		{"Tab completes a keyword in its case", "SEL\t1\rsub\t\r", []string{"SELECT 1", "substring "}},
		{"Tab completes as far as it is certain", "cli\tx\r", []string{"clickx"}},
		{"Tab at something unknown does nothing", "xyz\t;\r", []string{"xyz;"}},
		{"Ctrl-D ends the session", "SELECT 1\r\x04SELECT 2\r", []string{"SELECT 1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := typeLines(t, openHistory(filepath.Join(t.TempDir(), "history")), tt.keys); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// Ctrl-C arrives apart from what follows it, as it does from a keyboard.
func TestTypingInterrupted(t *testing.T) {
	r, w := io.Pipe()
	lines := newTerminalLines(r, io.Discard, openHistory(filepath.Join(t.TempDir(), "history")), nil)
	go func() {
		for _, keys := range []string{"SELECT 1 FR", "\x03", "SELECT 2\r"} {
			io.WriteString(w, keys)
		}
	}()
	if _, err := lines.ReadLine("> "); !errors.Is(err, errInterrupted) {
		t.Fatalf("got %v", err)
	}
	if line, err := lines.ReadLine("> "); err != nil || line != "SELECT 2" {
		t.Errorf("got %q, %v", line, err)
	}
}

// A statement of several lines comes back on one, in the next session too.
func TestHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "home", "history")
	h := openHistory(file)
	for _, s := range []string{"SELECT 1;", "SELECT a, -- the first\n  'x -- y\nz'\nFROM t;", "QUIT;", "QUIT;"} {
		h.remember(s)
	}
	h = openHistory(file)
	var got []string
	for i := range h.Len() {
		got = append(got, h.At(i))
	}
	want := []string{"QUIT;", "SELECT a,    'x -- y z' FROM t;", "SELECT 1;"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
