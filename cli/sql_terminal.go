package cli

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// terminalLines edits lines at a terminal, with a history that outlives the session and completion by Tab.
type terminalLines struct {
	file    *os.File // switched to raw mode while a line is edited; nil in tests
	in      io.Reader
	out     io.Writer
	history *history
	words   func() []string // for completion

	editor *term.Terminal
}

// ctrlC is what a terminal in raw mode sends for Ctrl-C.
const ctrlC = 3

func newTerminalLines(in io.Reader, out io.Writer, h *history, words func() []string) *terminalLines {
	t := &terminalLines{in: in, out: out, history: h, words: words}
	t.file, _ = in.(*os.File)
	t.reset()
	return t
}

// reset makes a new editor: there is no other way to make x/term forget the line it is at.
func (t *terminalLines) reset() {
	t.editor = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{&ctrlCReader{t.in}, t.out}, "")
	t.editor.History = t.history
	t.editor.AutoCompleteCallback = t.complete
}

// ctrlCReader turns Ctrl-C into an error, which x/term would take for the end of the input.
type ctrlCReader struct{ r io.Reader }

func (i *ctrlCReader) Read(p []byte) (int, error) {
	n, err := i.r.Read(p)
	for k := range n {
		if p[k] == ctrlC {
			return k, errInterrupted
		}
	}
	return n, err
}

// ReadLine implements lineReader. Outside it the terminal is in its ordinary mode, so that Ctrl-C is a signal.
func (t *terminalLines) ReadLine(prompt string) (string, error) {
	if t.file != nil {
		state, err := term.MakeRaw(int(t.file.Fd()))
		if err != nil {
			return "", fmt.Errorf("edit lines at the terminal: %w", err)
		}
		defer term.Restore(int(t.file.Fd()), state)
		if w, h, err := term.GetSize(int(t.file.Fd())); err == nil && w > 0 {
			if err := t.editor.SetSize(w, h); err != nil {
				return "", err
			}
		}
		t.editor.SetBracketedPasteMode(true) // a Tab in pasted text is text
		defer t.editor.SetBracketedPasteMode(false)
	}
	t.editor.SetPrompt(prompt)
	line, err := t.editor.ReadLine()
	switch {
	case errors.Is(err, errInterrupted):
		fmt.Fprint(t.out, "^C\r\n")
		t.reset()
	case errors.Is(err, term.ErrPasteIndicator):
		err = nil
	case errors.Is(err, io.EOF):
		fmt.Fprint(t.out, "\r\n")
	}
	return line, err
}

// Remember implements lineReader.
func (t *terminalLines) Remember(statement string) { t.history.remember(statement) }

// complete is called for each key; it takes Tab.
func (t *terminalLines) complete(line string, pos int, key rune) (string, int, bool) {
	if key != '\t' {
		return "", 0, false
	}
	before, found := completeWord(line[:pos], t.words())
	if len(found) > 1 && before == line[:pos] { // nothing to add: show what there is
		fmt.Fprintln(t.editor, columns(found))
	}
	return before + line[pos:], len(before), true
}
