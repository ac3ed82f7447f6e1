package diag

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"
)

// File is a source text with a name to show. It is safe for concurrent use once made; Name and Text must not change.
type File struct {
	// Name is shown in front of positions: a path, or something like "<stdin>".
	Name string
	Text string

	once  sync.Once
	lines []int // byte offset of the start of each line
}

// NewFile makes a File.
func NewFile(name, text string) *File { return &File{Name: name, Text: text} }

// Position is a place in a File as people count: Line and Col start at 1, Col counts characters.
type Position struct{ Line, Col int }

// Position converts a byte offset; offsets outside the text are moved to its nearest end.
func (f *File) Position(offset int) Position {
	offset = max(0, min(offset, len(f.Text)))
	line := f.lineAt(offset)
	return Position{Line: line + 1, Col: utf8.RuneCountInString(f.Text[f.lines[line]:offset]) + 1}
}

// Line returns the text of line n (from 1) without its line break; empty when there is no such line.
func (f *File) Line(n int) string {
	f.index()
	if n < 1 || n > len(f.lines) {
		return ""
	}
	start, end := f.lines[n-1], len(f.Text)
	if n < len(f.lines) {
		end = f.lines[n] - 1
	}
	return strings.TrimSuffix(f.Text[start:end], "\r")
}

// lineAt is the index of the line that holds offset.
func (f *File) lineAt(offset int) int {
	f.index()
	i, found := slices.BinarySearchFunc(f.lines, offset, func(start, off int) int { return cmp.Compare(start, off) })
	if !found {
		i--
	}
	return i
}

func (f *File) index() {
	f.once.Do(func() {
		f.lines = []int{0}
		for i := 0; i < len(f.Text); i++ {
			if f.Text[i] == '\n' {
				f.lines = append(f.lines, i+1)
			}
		}
	})
}
