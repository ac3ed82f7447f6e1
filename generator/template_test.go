package generator

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

var noon2023 = time.Date(2023, 8, 23, 12, 0, 0, 0, time.FixedZone("EDT", -4*3600))

func mustCompile(t testing.TB, template string) *Template {
	t.Helper()
	compiled, err := Compile(template, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// draw renders a template n times and counts the records.
func draw(t testing.TB, template string, n int) map[string]int {
	t.Helper()
	compiled, s, counts := mustCompile(t, template), NewSource(42, noon2023), map[string]int{}
	for range n {
		counts[string(compiled.Append(nil, s))]++
	}
	return counts
}

func TestTextIsKeptAndLineBreaksAreDropped(t *testing.T) {
	for template, want := range map[string]string{
		`{"a": 1}`: `{"a": 1}`,
		"\r\n  {\n    \"a\": 1,\r\n\"b\": 2\n}\n": `{    "a": 1,"b": 2}`,
		"a } }} { b":                            "a } }} { b",
		`{"a":{"b":{{random.number(0)}}}}`:      `{"a":{"b":0}}`,
		"é{{ random.number\n (\n0\n)\n }}é":     "é0é",
		`{{random.arrayElement([")}}"])}}`:      `)}}`,
		`{{date.now([1 "o])}}`:                  `1 "o`, // not JSON: a plain string, whose quotation mark opens nothing
		`{{random.arrayElement(["a\"b"])}}`:     `a"b`,
		`{{random.arrayElement([{"x": [1]}])}}`: `{"x": [1]}`,
	} {
		if got := draw(t, template, 1); got[want] != 1 {
			t.Errorf("%q renders %v, want %q", template, got, want)
		}
	}
}

func TestTerminatorFollowsEveryRecord(t *testing.T) {
	compiled, err := Compile(" {} \n", Options{RequireJSON: true, Terminator: "\n"})
	if err != nil {
		t.Fatal(err)
	}
	if got := string(compiled.Append([]byte("x"), NewSource(1, noon2023))); got != "x{}\n" {
		t.Errorf("%q", got)
	}
}

func TestPlaceholdersMakeWhatTheirNameSays(t *testing.T) {
	for template, pattern := range map[string]string{
		"{{current.timestamp}}":             `2023-08-23T12:00:00-04:00`,
		"{{date.now}}":                      `2023-08-23T12:00:00-04:00`,
		"{{date.utc}}":                      `2023-08-23T16:00:00Z`,
		`{{date.now("DD/MMM/YYYY:HH ZZ")}}`: `23/Aug/2023:12 -0400`,
		`{{date.utc(YYYY-MM-DD HH:mm)}}`:    `2023-08-23 16:00`,
		"{{random.uuid}}":                   `[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`,
		"{{random.boolean}}":                `true|false`,
		"{{random.alphaNumeric}}":           `[0-9a-z]`,
		"{{random.number}}":                 `\d{1,5}`,
		"{{random.number()}}":               `\d{1,5}`,
		"{{name.firstName}}":                `[A-Z][a-z]+`,
		"{{name.lastName}}":                 `[A-Z][a-z]+`,
		"{{random.arrayElement}}":           `a|b|c`,
		"{{random.weightedArrayElement}}":   `dog|cat`,
	} {
		re := regexp.MustCompile("^(" + pattern + ")$")
		for got := range draw(t, template, 1000) {
			if !re.MatchString(got) {
				t.Errorf("%s renders %q", template, got)
			}
		}
	}
	for got := range draw(t, "{{internet.ip}}", 1000) {
		if a, err := netip.ParseAddr(got); err != nil || !a.Is4() {
			t.Errorf("internet.ip renders %q", got)
		}
	}
}

// Every value of the range appears, about equally often, and none beyond.
func TestRandomNumberCoversItsRange(t *testing.T) {
	for arg, want := range map[string][]string{
		`3`:                                   {"0", "1", "2", "3"},
		`0`:                                   {"0"},
		`{"min":-2,"max":1}`:                  {"-2", "-1", "0", "1"},
		`{"min":-3,"max":-2}`:                 {"-3", "-2"},
		`{"max":1}`:                           {"0", "1"},
		`{"min":99998}`:                       {"99998", "99999"},
		`{"min":0,"max":0.3,"precision":0.1}`: {"0", "0.1", "0.2", "0.3"},
		`{"min":-0.02,"max":0.02,"precision":0.01}`:       {"-0.02", "-0.01", "0", "0.01", "0.02"},
		`{"min":5,"max":35,"precision":10}`:               {"10", "20", "30"},
		`{"min":1.5,"max":3.5}`:                           {"2", "3"},
		`{"min":9007199254740991,"max":9007199254740992}`: {"9007199254740991", "9007199254740992"},
	} {
		const each = 1000
		counts := draw(t, "{{random.number("+arg+")}}", each*len(want))
		for _, v := range want {
			if n := counts[v]; n < each*8/10 || n > each*12/10 {
				t.Errorf("random.number(%s): %s came %d times of %d", arg, v, n, each*len(want))
			}
			delete(counts, v)
		}
		if len(counts) > 0 {
			t.Errorf("random.number(%s) also made %v", arg, counts)
		}
	}
}

func TestWeightsDecideHowOften(t *testing.T) {
	counts := draw(t, `{{random.weightedArrayElement({"weights":[3,0,0.5,6.5,0],"data":["cat","never",null,7,"nor"]})}}`, 10_000)
	for v, want := range map[string]int{"cat": 3000, "null": 500, "7": 6500} {
		if n := counts[v]; n < want*9/10 || n > want*11/10 {
			t.Errorf("%s came %d times, want about %d", v, n, want)
		}
	}
	if len(counts) != 3 {
		t.Errorf("drew %v", counts)
	}
}

func TestSameSeedSameRecords(t *testing.T) {
	compiled := mustCompile(t, `{{random.uuid}} {{random.number}} {{internet.ip}} {{name.lastName}} {{random.boolean}}`)
	render := func(seed int64) []string {
		var records []string
		s := NewSource(seed, noon2023)
		for range 50 {
			records = append(records, string(compiled.Append(nil, s)))
		}
		return records
	}
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() { // a template serves several goroutines
			if !slices.Equal(render(7), render(7)) {
				t.Error("seed 7 made different records")
			}
		})
	}
	wait.Wait()
	if slices.Equal(render(7), render(8)) {
		t.Error("seeds 7 and 8 made the same records")
	}
}

func TestMistakesAreNamedWithTheirPlace(t *testing.T) {
	for _, c := range []struct {
		template string
		offset   int
		want     string
		wantHint string
	}{
		{"", 0, "template:1:1: the template is empty", ""},
		{" \n ", 0, "the template is empty", ""},
		{"a{{random.nubmer}}", 3, `template:1:4: unknown placeholder "random.nubmer"`, `did you mean "random.number"?`},
		{"é\nü {{random.UUID}}", 8, `template:2:5: unknown placeholder "random.UUID"`, `did you mean "random.uuid"?`},
		{"{{random.nubmer.float}}", 2, `unknown placeholder "random.nubmer.float"`, `did you mean "random.number"?`},
		{"{{random.double}}", 2, `unknown placeholder "random.double"`, "random"},
		{"{{internet.colour}}", 2, `unknown placeholder "internet.colour"`, `did you mean "internet.color"?`},
		{"{{system.directoryPath}}", 2, `unknown placeholder "system.directoryPath"`, "there are system.commonFileExt, system."},
		{"{{weather}}", 2, `unknown placeholder "weather"`, "the modules are address, commerce, company, current, date, finance, hacker"},
		{"{{}}", 0, "the placeholder is empty", "{{random.number}}"},
		{"ab{{random.number", 2, "template:1:3: the placeholder has no end", `close it with "}}"`},
		{"ab{{random.number(5}}", 17, "the argument of random.number has no end", `")}}"`},
		{"{{random.number(5) 6}}", 15, "the argument of random.number has no end", ""},
		{"{{random.number 6}}", 0, "the placeholder has no end", ""},
		{"{{random.uuid(4)}}", 14, "random.uuid takes no argument, but has 4", "{{random.uuid}}"},
		{"{{random.number(x)}}", 16, `random.number has the argument "x", which is not JSON`, "MAX"},
		{`{{random.number("5")}}`, 16, `random.number has the argument "5" with a JSON string`, ""},
		{`{{random.number({"min":9,"max":2})}}`, 16, "random.number has the minimum 9 above the maximum 2", ""},
		{`{{random.number({"mim":9})}}`, 16, `unknown field "mim"`, `"min":0`},
		{`{{random.number({"min":0.1,"max":0.9})}}`, 16, "no multiple of 1 between 0.1 and 0.9", ""},
		{`{{random.number({"precision":-1})}}`, 16, "the precision -1", ""},
		{`{{random.number({"precision":0})}}`, 16, "the precision 0", ""},
		{`{{random.number({"max":1e17})}}`, 16, "beyond 9007199254740992 steps", ""},
		{"{{random.arrayElement([])}}", 22, "random.arrayElement has no elements", `["a","b"]`},
		{"{{random.arrayElement(['a','b'])}}", 22, "strings need double quotes", ""},
		{`{{random.arrayElement({"a":1})}}`, 22, "a JSON object where", ""},
		{`{{random.weightedArrayElement({"weights":[1],"data":["a","b"]})}}`, 30, "has 1 weights for 2 data", ""},
		{`{{random.weightedArrayElement({"weights":[0,0],"data":["a","b"]})}}`, 30, "add up to 0", ""},
		{"{{random.words(0)}}", 15, "random.words has the argument 0; it takes a whole number from 1 to 1000", "random.words(COUNT)"},
		{"{{lorem.paragraphs(1e9)}}", 19, "a whole number from 1 to 1000", ""},
		{"{{company.companyName(3)}}", 22, "a whole number from 0 to 2", ""},
		{"{{name.firstName(2)}}", 17, "a whole number from 0 to 1", ""},
		{"{{address.streetAddress(full)}}", 24, "it takes true or false", ""},
		{"{{finance.amount(1,9)}}", 17, `has the argument "1,9", which is not JSON`, `"max":1000`},
		{"{{finance.amount(5000)}}", 17, "the minimum 5000 above the maximum 1000", ""},
		{`{{commerce.price({"dec":12})}}`, 17, "has 12 decimals; it takes 0 to 9", ""},
		{`{{commerce.price({"min":0.2,"max":0.4,"dec":0})}}`, 17, "no amount with 0 decimals between 0.2 and 0.4", ""},
		{"{{date.past(0)}}", 12, "a number above 0 and up to 200", ""},
		{"{{date.future(1e300)}}", 14, "a number above 0 and up to 200", ""},
		{"{{date.between}}", 14, `has the argument "", which is not JSON`, `"from":"2026-01-01"`},
		{`{{date.between({"from":"soon","to":"2026-01-31"})}}`, 15, `has the date "soon"`, ""},
		{`{{date.between({"from":"2026-02-01","to":"2026-01-31"})}}`, 15, "which is before", ""},
		{`{{system.fileExt("image/jpg")}}`, 17, `has the media type "image/jpg"; it takes one of application/json, `, ""},
		{"{{random.objectElement({})}}", 23, "has no elements", ""},
		{`{{random.weightedArrayElement({"weights":[-1,2],"data":["a","b"]})}}`, 30, "has the weight -1", ""},
	} {
		_, err := Compile(c.template, Options{})
		var wrong *TemplateError
		if !errors.As(err, &wrong) {
			t.Errorf("%q: error %v", c.template, err)
			continue
		}
		if !strings.Contains(err.Error(), c.want) || !strings.Contains(wrong.Hint, c.wantHint) || wrong.Offset != c.offset {
			t.Errorf("%q: at byte %d %q, want at byte %d %q … %q", c.template, wrong.Offset, err, c.offset, c.want, c.wantHint)
		}
	}
}

func TestRequireJSON(t *testing.T) {
	for template, want := range map[string]string{
		// Valid: the error is none.
		`{"browseraction": "Click", "site": "https://www.mysite.com"}`:                   "",
		"{\n  \"id\": {{random.number(50)}},\n  \"on\": {{random.boolean}}\n}":           "",
		`{"t":"{{current.timestamp}}","who":"{{name.firstName}}","n":{{random.number}}}`: "",
		`{"a":{{random.arrayElement([1,"2",null,{"x":"y"}])}}}`:                          "",
		`{{random.weightedArrayElement({"weights":[1,1],"data":[{"a":1},{"b":2}]})}}`:    "",
		// Not valid, and where.
		`{"a": 1,}`:                                     `template:1:9: the template doesn't make valid JSON: invalid character '}'`,
		"{\n\"a\": 1\n\"b\": 2\n}":                      `template:3:1: `,
		`{"a": {"b": 1}`:                                `template:1:14: the template doesn't make valid JSON: unexpected end of JSON input`,
		"a,b":                                           `template:1:1: `,
		`{"t": {{current.timestamp}}}`:                  `template:1:7: the template doesn't make valid JSON: invalid character '-' after object key:value pair in the record {"t": 2023-08-23T13:46:30+00:00}; put double quotes around {{current.timestamp}}`,
		`{"day": {{date.now("DD")}}}`:                   `template:1:9: the template doesn't make valid JSON: invalid character '1' after object key:value pair in the record {"day": 01}; put double quotes around {{date.now("DD")}}`,
		`{"a": {{random.arrayElement([1,"b"])}}}`:       `put double quotes around {{random.arrayElement([1,"b"])}}`,
		`{"a": "{{random.arrayElement(["x","\""])}}"}`:  `template:1:8: `,
		`{"a": 1{{random.number({"min":-1,"max":9})}}}`: `the value is from {{random.number({"min":-1,"max":9})}}`,
		`{"a": 0{{random.number(9)}}}`:                  `invalid character '0'`,
	} {
		_, err := Compile(template, Options{RequireJSON: true})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: error %v, want %q", template, err, want)
		}
	}
}

// A value that one record in a thousand has must not slip through.
func TestRequireJSONSeesRareValues(t *testing.T) {
	data, weights := make([]string, 1000), make([]int, 1000)
	for i := range data {
		data[i], weights[i] = "fine", 1_000_000
	}
	data[777], weights[777] = "not \" fine", 1
	arg, err := json.Marshal(map[string]any{"data": data, "weights": weights})
	if err != nil {
		t.Fatal(err)
	}
	template := fmt.Sprintf(`{"a": "{{random.weightedArrayElement(%s)}}"}`, arg)
	if _, err := Compile(template, Options{RequireJSON: true}); err == nil {
		t.Error("the template was taken")
	}
}

func TestTableIsSortedAndUsagesCompile(t *testing.T) {
	all := Functions()
	if !slices.IsSortedFunc(all, func(a, b Function) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the table is not sorted by name")
	}
	for _, f := range all {
		if f.Doc == "" || f.Usage == "" {
			t.Errorf("%s is not documented", f.Name)
		}
		for usage := range strings.SplitSeq(f.Usage, " | ") {
			usage = anyArgument.Replace(usage)
			if !strings.HasPrefix(usage, f.Name) {
				t.Errorf("usage %q is not of %s", usage, f.Name)
			}
			compiled := mustCompile(t, "{{"+usage+"}}")
			s := NewSource(1, noon2023)
			buffer := make([]byte, 0, 10_000)
			if n := testing.AllocsPerRun(100, func() { buffer = compiled.Append(buffer[:0], s) }); n != 0 {
				t.Errorf("{{%s}} allocates %v times", usage, n)
			}
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`{"a":{{random.number({"min":1,"max":150})}},"b":"{{random.arrayElement(["x","y"])}}"}`)
	f.Add(`{{finance.amount({"min":0.1,"max":3,"dec":1,"symbol":"$"})}} {{date.between({"from":"2020-01-01","to":"2026-01-01"})}}`)
	f.Add(`{{phone.phoneNumber("0##-#?")}}{{lorem.lines(3)}}{{random.objectElement({"a":{"b":"{{"}})}}{{address.streetAddress(true)}}`)
	f.Add("{{date.now(m0)}}")
	f.Add("{{date.now(YYYY \"x)}} {{ }} {{random.uuid()}}\n{{")
	f.Fuzz(func(t *testing.T, template string) {
		for _, requireJSON := range []bool{false, true} {
			compiled, err := Compile(template, Options{RequireJSON: requireJSON})
			if err != nil {
				var wrong *TemplateError
				if !errors.As(err, &wrong) || wrong.Offset < 0 || wrong.Offset > len(template) {
					t.Fatalf("%q: %#v", template, err)
				}
				continue
			}
			record := compiled.Append(nil, NewSource(1, noon2023))
			if requireJSON && !json.Valid(record) {
				t.Fatalf("%q renders %q", template, strconv.Quote(string(record)))
			}
		}
	})
}
