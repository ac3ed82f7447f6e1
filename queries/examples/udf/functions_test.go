package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/weirsql/weir/engine"
)

// A function is Go: test it as such.
func TestMaskPhone(t *testing.T) {
	for phone, want := range map[string]string{
		"+43 660 1234567": "+•• ••• ••••567",
		"0660/765 43 21":  "••••/••• •3 21",
		"12":              "12",
		"":                "",
	} {
		if got := maskPhone(phone); got != want {
			t.Errorf("maskPhone(%q) = %q, want %q", phone, got, want)
		}
	}
}

func TestQueryParams(t *testing.T) {
	var got []param
	if err := queryParams("https://shop.example/list?sort=price&page=2&sort=age", func(p param) { got = append(got, p) }); err != nil {
		t.Fatal(err)
	}
	if want := []param{{"page", "2"}, {"sort", "price"}, {"sort", "age"}}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if err := queryParams("https://[", nil); err == nil {
		t.Error("a broken URL is taken")
	}
}

// An engine runs SQL with the functions in a test, without files or servers.
func TestSQL(t *testing.T) {
	s, err := engine.New(engine.Options{Functions: functions})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const visits = `(VALUES ('a', 2), ('a', 8), ('b', CAST(NULL AS INT))) AS visits (page, seconds)`
	for query, want := range map[string][]string{
		`SELECT BROWSER('Mozilla/5.0 … Chrome/126.0 Safari/537.36') AS b, BROWSER('curl/8') AS n`: {
			`{"op":"+I","data":{"b":"Chrome","n":null}}`,
		},
		`SELECT page, GEO_MEAN(seconds) AS mean FROM ` + visits + ` GROUP BY page ORDER BY page`: {
			`{"op":"+I","data":{"page":"a","mean":4.0}}`,
			`{"op":"+I","data":{"page":"b","mean":null}}`,
		},
	} {
		got, err := s.Collect(t.Context(), query+";")
		if err != nil {
			t.Error(err)
		} else if !slices.Equal(got, want) {
			t.Errorf("%s\n got %s\nwant %s", query, got, want)
		}
	}
}

// The examples in the definitions are true, and so is the reference.
func TestExamples(t *testing.T) {
	s, err := engine.New(engine.Options{Functions: functions})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, f := range functions {
		for _, e := range f.Examples {
			got, err := s.Collect(t.Context(), "SELECT CAST("+e.SQL+" AS STRING) AS r;")
			want := []string{`{"op":"+I","data":{"r":"` + e.Result + `"}}`}
			if e.Result == "NULL" {
				want[0] = `{"op":"+I","data":{"r":null}}`
			}
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("%s gives %s, %v; want %s", e.SQL, got, err, want)
			}
		}
	}
}

// The file that the page about functions shows.
func TestClicks(t *testing.T) {
	t.Chdir("../../..")
	text, err := os.ReadFile("queries/examples/udf/clicks.sql")
	if err != nil {
		t.Fatal(err)
	}
	s, err := engine.New(engine.Options{Functions: functions})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got, err := s.Collect(t.Context(), string(text))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(got)
	want := []string{
		`{"op":"+I","data":{"browser":"Chrome","seconds":10.0}}`,
		`{"op":"+I","data":{"browser":"Firefox","seconds":6.0}}`,
		`{"op":"+I","data":{"browser":null,"seconds":0.5}}`,
		`{"op":"+I","data":{"name":"id","value":"7"}}`,
		`{"op":"+I","data":{"name":"id","value":"8"}}`,
		`{"op":"+I","data":{"name":"page","value":"2"}}`,
		`{"op":"+I","data":{"name":"ref","value":"mail"}}`,
		`{"op":"+I","data":{"name":"sort","value":"price"}}`,
		`{"op":"+I","data":{"phone":"+•• ••• ••••567","browser":"Firefox"}}`,
		`{"op":"+I","data":{"phone":"12","browser":"Firefox"}}`,
		`{"op":"+I","data":{"phone":"••••/••• •3 21","browser":"Chrome"}}`,
		`{"op":"+I","data":{"phone":null,"browser":null}}`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
