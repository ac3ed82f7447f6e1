package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/term"
)

// terminalLines edits lines at a terminal, with a history that outlives the session. A statement of several lines is one
// entry of the history file, quoted on one line.
type terminalLines struct {
	in   *os.File
	term *term.Terminal

	history string // file
}

// ctrlC is what a terminal in raw mode sends for Ctrl-C.
const ctrlC = 3

func newTerminalLines(in *os.File, out io.Writer, history string) (*terminalLines, error) {
	t := &terminalLines{in: in, history: history}
	t.term = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{&interruptible{r: in}, out}, "")
	t.load()
	return t, nil
}

// interruptible turns Ctrl-C into an error, which x/term would take for the end of the input.
type interruptible struct{ r io.Reader }

func (i *interruptible) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	for k := range n {
		if p[k] == ctrlC {
			return k, errInterrupted
		}
	}
	return n, err
}

func (t *terminalLines) ReadLine(prompt string) (string, error) {
	state, err := term.MakeRaw(int(t.in.Fd()))
	if err != nil {
		return "", fmt.Errorf("edit lines at the terminal: %w", err)
	}
	defer term.Restore(int(t.in.Fd()), state)
	if w, h, err := term.GetSize(int(t.in.Fd())); err == nil && w > 0 {
		if err := t.term.SetSize(w, h); err != nil {
			return "", err
		}
	}
	t.term.SetPrompt(prompt)
	line, err := t.term.ReadLine()
	if errors.Is(err, errInterrupted) {
		fmt.Fprint(t.term, "^C\n")
	}
	return line, err
}

// Suspend implements lineReader: outside ReadLine the terminal is in its ordinary mode.
func (t *terminalLines) Suspend(f func()) { f() }

func (t *terminalLines) load() {
	f, err := os.Open(t.history)
	if err != nil {
		return // no history yet
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		if text, err := strconv.Unquote(lines.Text()); err == nil {
			t.term.History.Add(text)
		}
	}
}

// Remember appends to the history file; a history that can't be written is no reason to stop.
func (t *terminalLines) Remember(statement string) {
	if err := os.MkdirAll(filepath.Dir(t.history), 0o700); err != nil {
		return
	}
	f, err := os.OpenFile(t.history, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	fmt.Fprintln(f, strconv.Quote(statement))
}

// Close leaves the terminal as it was found: ReadLine restores it each time.
func (t *terminalLines) Close() error { return nil }
