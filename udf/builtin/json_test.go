package builtin

import "testing"

func TestJSONAgreesWithFlink(t *testing.T) {
	compareWithFlink(t, recorded, "json", 600, map[string]string{
		"'$.b[?(@.c)]'":                     "filters are refused whatever the text is",
		"DEFAULT CAST('7' AS INT) ON EMPTY": "Flink's planner takes literals only",
		"CAST('100' AS DECIMAL(5, 0))":      "the same number in plain notation",
	})
}

// Whatever the text and the path, there is a value or an error, and what is written can be read back.
func FuzzJSON(f *testing.F) {
	f.Add(`{"a":[1,-2.5e3,"x\u00e4\ud83d\ude00\n",null,true,{}]}`, `lax $.a[*]`)
	f.Add(`[[[[1]]]]`, `$..[0]`)
	f.Add(`{"a" : "\\" } x`, `strict $['a','b'][1:2][-1]`)
	f.Add(`"`, `$["`)
	f.Fuzz(func(t *testing.T, text, path string) {
		v, err := parseJSON(text)
		if err != nil {
			return
		}
		printed := string(appendJSON(nil, v))
		again, err := parseJSON(printed)
		if err != nil {
			t.Fatalf("%q is printed as %q: %v", text, printed, err)
		}
		if p := string(appendJSON(nil, again)); p != printed {
			t.Fatalf("%q is printed as %q and then as %q", text, printed, p)
		}
		if p, err := parseJSONPath(path); err == nil {
			if found, err := p.find(v); err == nil {
				appendJSON(nil, found)
			}
		}
	})
}
