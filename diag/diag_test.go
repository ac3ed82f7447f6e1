package diag_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/weirsql/weir/diag"
)

func spanOf(t *testing.T, text, part string) diag.Span {
	t.Helper()
	i := strings.Index(text, part)
	if i < 0 {
		t.Fatalf("%q is not in the text", part)
	}
	return diag.Span{Start: i, End: i + len(part)}
}

func TestRender(t *testing.T) {
	const text = "-- clicks\n\nSELECT usr, COUNT(*) FROM clicks GROUP BY usr\n\tSELECT\tä, 漢字, b\r\nlast"
	tests := []struct {
		name string
		err  *diag.Error
		want string
	}{
		{
			"the example of the style guide",
			diag.Errorf("unknown-column", spanOf(t, text, "usr"), "unknown column %q in table clicks", "usr").WithHint(`did you mean "user"?`),
			"clicks.sql:3:8: error: unknown column \"usr\" in table clicks [unknown-column]\n" +
				"  3 | SELECT usr, COUNT(*) FROM clicks GROUP BY usr\n" +
				"    |        ^^^\n" +
				"  hint: did you mean \"user\"?\n",
		},
		{
			"tabs are preserved, columns count characters, carets follow wide ones",
			diag.Errorf("x", spanOf(t, text, "字, b"), "wrong"),
			"clicks.sql:4:13: error: wrong [x]\n  4 | \tSELECT\tä, 漢字, b\n    | \t      \t     ^^^^^\n",
		},
		{
			"a span over several lines stops at the first",
			diag.Errorf("x", spanOf(t, text, "b\r\nlast"), "wrong"),
			"clicks.sql:4:16: error: wrong [x]\n  4 | \tSELECT\tä, 漢字, b\n    | \t      \t         ^\n",
		},
		{
			"the end of the text gets one caret",
			diag.Errorf("x", diag.Span{Start: len(text), End: len(text)}, "unexpected end"),
			"clicks.sql:5:5: error: unexpected end [x]\n  5 | last\n    |     ^\n",
		},
		{
			"an offset beyond the text is moved to its end",
			diag.Errorf("x", diag.Span{Start: len(text) + 10, End: len(text) + 20}, "off"),
			"clicks.sql:5:5: error: off [x]\n  5 | last\n    |     ^\n",
		},
		{"no position", &diag.Error{Msg: "no such file"}, "clicks.sql: error: no such file\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := diag.String(diag.NewFile("clicks.sql", text), diag.List{tt.err}); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestListSortsAndUnwraps(t *testing.T) {
	var list diag.List
	if list.Err() != nil {
		t.Fatal("an empty list is not an error")
	}
	list.Append(nil)
	list.Add(diag.Errorf("b", diag.Span{Start: 9, End: 10}, "second: %w", io.ErrUnexpectedEOF))
	list.Append(diag.Errorf("a", diag.Span{Start: 1, End: 2}, "first"))
	list.Append(errors.New("nowhere"))
	err := list.Err()
	if got, want := err.Error(), "nowhere\nfirst [a]\nsecond: unexpected EOF [b]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Error("the cause of a finding is not visible through the list")
	}
}

func TestJoin(t *testing.T) {
	a, b := diag.Span{Start: 3, End: 5}, diag.Span{Start: 8, End: 9}
	if got := b.Join(a); got != (diag.Span{Start: 3, End: 9}) {
		t.Errorf("got %v", got)
	}
	if got := (diag.Span{}).Join(a); got != a {
		t.Errorf("got %v", got)
	}
}

func TestSuggest(t *testing.T) {
	candidates := []string{"user", "user_id", "ts", "connector", "scan.stream.initpos"}
	tests := []struct{ name, want string }{
		{"usr", "user"},
		{"usre", "user"},
		{"USER", "user"},
		{"conector", "connector"},
		{"scan.stream.initposs", "scan.stream.initpos"},
		{"password", ""},
		{"t", "ts"},
		{"", ""},
	}
	for _, tt := range tests {
		if got := diag.Suggest(tt.name, candidates); got != tt.want {
			t.Errorf("Suggest(%q) = %q, want %q", tt.name, got, tt.want)
		}
	}
}
