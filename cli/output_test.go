package cli

import (
	"strings"
	"testing"

	"github.com/weirsql/weir/types"
)

// changes makes a batch of one text column from lines such as "+I a".
func changes(t *testing.T, lines ...string) *types.Batch {
	t.Helper()
	b := types.NewBatch(&types.Schema{Fields: []types.Field{{Name: "s", Type: types.StringType}}})
	kinds := map[string]types.RowKind{"+I": types.Insert, "-U": types.UpdateBefore, "+U": types.UpdateAfter, "-D": types.Delete}
	for _, l := range lines {
		kind, text, _ := strings.Cut(l, " ")
		b.Cols[0].AppendString(text)
		b.AppendKind(kinds[kind])
	}
	return b
}

func TestTableFoldsChanges(t *testing.T) {
	tests := []struct {
		name    string
		changes []string
		want    string // the cells, in order
	}{
		{"rows stay in the order of arrival, the same ones too", []string{"+I a", "+I b", "+I a"}, "a b a"},
		{"an update takes the place of what it replaces", []string{"+I a", "+I b", "-U a", "+U c", "+I d"}, "c b d"},
		{"a deletion takes the latest of the same rows", []string{"+I a", "+I b", "+I a", "-D a"}, "a b"},
		{"a deleted row can come again", []string{"+I a", "-D a", "+I b", "+I a"}, "b a"},
		{"control characters can't steer the terminal", []string{"+I x\x1b[2Jy\n"}, `x\x1b[2Jy\n`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{1, 100} {
				var out strings.Builder
				s, stop := newScreen(&out, &out)
				defer stop()
				b := changes(t)
				w := s.newResultWriter("table", "", b.Schema, types.Retract)
				for rest := tt.changes; len(rest) > 0; {
					n := min(size, len(rest))
					if err := w.Write(changes(t, rest[:n]...)); err != nil {
						t.Fatal(err)
					}
					rest = rest[n:]
				}
				if err := w.Close(false); err != nil {
					t.Fatal(err)
				}
				var got []string
				for line := range strings.Lines(out.String()) {
					if cell, ok := strings.CutPrefix(line, "| "); ok {
						got = append(got, strings.TrimSpace(strings.TrimSuffix(cell, "|\n")))
					}
				}
				if text := strings.Join(got[1:], " "); text != tt.want {
					t.Errorf("batches of %d: got %q, want %q", size, text, tt.want)
				}
			}
		})
	}
}

// What is redrawn is replaced in place, and makes room for what is printed.
func TestScreenRedraws(t *testing.T) {
	var out strings.Builder
	s := &screen{stdout: &out, stderr: &out, live: &out, tables: true}
	b := changes(t, "+I a")
	w := s.newResultWriter("table", "watch", b.Schema, types.AppendOnly)
	if err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	s.showStatus(func() string { return strings.Repeat("x", 100) })
	s.draw()
	frame := "watch\x1b[K\n+---+\x1b[K\n| s |\x1b[K\n+---+\x1b[K\n| a |\x1b[K\n+---+\x1b[K\n1 row, running\x1b[K\n" + strings.Repeat("x", 79) + "…\x1b[K\n"
	if out.String() != frame {
		t.Fatalf("got %q, want %q", out.String(), frame)
	}
	out.Reset()
	s.draw()
	if want := "\r\x1b[8A" + frame + "\x1b[J"; out.String() != want {
		t.Errorf("again: got %q, want %q", out.String(), want)
	}
	out.Reset()
	s.say("note")
	if want := "\r\x1b[8A\x1b[Jnote\n"; out.String() != want {
		t.Errorf("a message: got %q, want %q", out.String(), want)
	}
	out.Reset()
	if err := w.Close(false); err != nil {
		t.Fatal(err)
	}
	if want := "watch\n+---+\n| s |\n+---+\n| a |\n+---+\n1 row\n"; out.String() != want {
		t.Errorf("the end: got %q, want %q", out.String(), want)
	}
}

func TestThousands(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := thousands(n); got != want {
			t.Errorf("thousands(%d) = %s, want %s", n, got, want)
		}
	}
}
