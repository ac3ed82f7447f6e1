package all

import (
	"strings"
	"testing"

	"github.com/weirsql/weir/connectors/option"
)

// What every connector and format says of itself: a summary, options that are explained, defaults that parse, no key
// twice, and formats' keys under their own names.
func TestSpecs(t *testing.T) {
	r, err := Registry()
	if err != nil {
		t.Fatal(err)
	}
	check := func(owner, summary, prefix string, decls []option.Option) {
		if !strings.HasSuffix(summary, ".") {
			t.Errorf("%s: summary %q is no sentence", owner, summary)
		}
		seen := map[string]bool{}
		defaults := map[string]string{}
		for _, d := range decls {
			for _, key := range append([]string{d.Key}, d.Aliases...) {
				if seen[key] {
					t.Errorf("%s: option %q twice", owner, key)
				}
				seen[key] = true
				if !strings.HasPrefix(key, prefix) {
					t.Errorf("%s: option %q does not begin with %q", owner, key, prefix)
				}
			}
			if d.Summary == "" {
				t.Errorf("%s: option %q is not explained", owner, d.Key)
			}
			if d.Default != "" {
				defaults[d.Key] = d.Default
			}
			if d.Required {
				defaults[d.Key] = "x"
			}
		}
		if _, errs := option.Check(defaults, decls, func(string, []string) string { return "" }); len(errs) > 0 {
			t.Errorf("%s: a default is wrong: %v", owner, errs[0])
		}
	}
	for _, name := range r.Names() {
		s, ok := r.Lookup(name)
		if !ok || s.NewSource == nil && s.NewSink == nil {
			t.Fatalf("connector %s can do nothing", name)
		}
		check("connector "+name, s.Summary, "", s.Options)
	}
	for _, name := range r.Formats.Names() {
		f, ok := r.Formats.Lookup(name)
		if !ok || f.NewDecoder == nil && f.NewEncoder == nil || f.Mode == 0 {
			t.Fatalf("format %s can do nothing", name)
		}
		check("format "+name, f.Summary, name+".", f.Options)
	}
}
