package option

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var decls = []Option{
	{Key: "path", Kind: String, Required: true, Summary: "Where."},
	{Key: "interval", Aliases: []string{"old.interval"}, Kind: Duration, Default: "10 s"},
	{Key: "size", Kind: Size, Default: "64 mb"},
	{Key: "mode", Kind: Enum, Values: []string{"FAST", "Slow"}, Default: "FAST"},
	{Key: "on", Kind: Bool, Default: "true"},
	{Key: "count", Kind: Int, Default: "7"},
	{Key: "rate", Kind: Float, Default: "0.5"},
	{Key: "secret", Kind: Int, Secret: true},
	{Key: "fields.", Kind: String, Prefix: true},
}

func check(raw map[string]string) (Values, []string) {
	v, errs := Check(raw, decls, func(name string, candidates []string) string {
		for _, c := range candidates {
			if len(c) == len(name) && c[1:] == name[1:] {
				return c
			}
		}
		return ""
	})
	var texts []string
	for _, e := range errs {
		text := e.Key + ": " + e.Msg
		if e.Hint != "" {
			text += " [" + e.Hint + "]"
		}
		texts = append(texts, text)
	}
	return v, texts
}

// Every mistake is found at once and says what would be right.
func TestCheck(t *testing.T) {
	_, got := check(map[string]string{
		"xath": "p", "nonsense": "1", "interval": "soon", "old.interval": "1 s", "size": "5 parsec", "mode": "medium",
		"on": "yes", "count": "1.5", "rate": "x", "secret": "hunter2", "fields.a": "ok",
	})
	want := []string{
		`count: option "count": value "1.5" is not a whole number`,
		`interval: option "interval": value "soon" is not a duration such as "10 s" or "500 ms"`,
		`mode: option "mode": value "medium" is not one of FAST, Slow`,
		`nonsense: unknown option "nonsense" [known options: count, interval, mode, old.interval, on, path, rate, secret, size]`,
		`old.interval: options "interval" and "old.interval" mean the same; give one`,
		`on: option "on": value "yes" is not true or false`,
		`rate: option "rate": value "x" is not a number`,
		`secret: option "secret": value (hidden) is not a whole number`,
		`size: option "size": value "5 parsec" has the unknown size unit "parsec"; use b, kb, mb, gb or tb`,
		`xath: unknown option "xath" [did you mean "path"?]`,
		`path: option "path" is required [Where.]`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestValues(t *testing.T) {
	v, errs := check(map[string]string{"path": "p", "old.interval": "2 min", "mode": "slow", "on": "FALSE", "fields.a.b": "c"})
	if errs != nil {
		t.Fatal(errs)
	}
	got := []any{v.String("path"), v.Duration("interval"), v.Duration("old.interval"), v.Size("size"), v.Enum("mode"), v.Bool("on"),
		v.Int("count"), v.Float("rate"), v.Given("interval"), v.Given("count"), v.WithPrefix("fields.")["a.b"]}
	want := []any{"p", 2 * time.Minute, 2 * time.Minute, int64(64 << 20), "Slow", false, int64(7), 0.5, true, false, "c"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Flink's notations (TimeUtils and MemorySize).
func TestParse(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"10": 10 * time.Millisecond, "10 s": 10 * time.Second, "5min": 5 * time.Minute, "1 H": time.Hour, "2days": 48 * time.Hour,
		"3 µs": 3 * time.Microsecond, " 7 ms ": 7 * time.Millisecond,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]int64{"512": 512, "64 mb": 64 << 20, "1gb": 1 << 30, "3 KiBiBytes": 3 << 10, "1tb": 1 << 40} {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "s", "-1 s", "-5", "1.5 s", "1 fortnight", "99999999999999999999", "9999999999 d", "9999999999 tb", "10 s s"} {
		if d, err := ParseDuration(text); err == nil {
			t.Errorf("%q is a duration of %v", text, d)
		} else if strings.HasSuffix(err.Error(), ".") {
			t.Errorf("%v", err)
		}
		if n, err := ParseSize(text); err == nil {
			t.Errorf("%q is a size of %v", text, n)
		}
	}
}
