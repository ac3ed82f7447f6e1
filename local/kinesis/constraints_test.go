package kinesis_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/weirsql/weir/local"
)

// constraint is a line of testdata/constraints.txt: a member of a request and what AWS's service model says of it.
type constraint struct {
	action, path, kind string
	required           bool
	min, max           int // -1: none
	pattern            string
	enum               []string
}

func readConstraints(t *testing.T) (all []constraint) {
	t.Helper()
	text, err := os.ReadFile("testdata/constraints.txt")
	if err != nil {
		t.Fatal(err)
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			return -1
		}
		return n
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) != 7 {
			t.Fatalf("%q has %d fields", line, len(f))
		}
		c := constraint{action: f[0], path: f[1], kind: f[2], required: f[3] == "required", min: number(f[4]), max: number(f[5])}
		switch {
		case f[6] == "-":
		case c.kind == "string" && strings.ContainsAny(f[6], `\[`):
			c.pattern = f[6]
		default:
			c.enum = strings.Split(f[6], "|")
		}
		all = append(all, c)
	}
	return all
}

// sample is a value that the constraint lets through, of n characters if n isn't negative.
func (c *constraint) sample(n int) any {
	long := func(s string) string {
		if n < 0 {
			return s
		}
		return (s + strings.Repeat("1", max(0, n-len(s))))[:n]
	}
	switch {
	case c.enum != nil:
		return c.enum[0]
	case c.kind == "integer":
		return max(c.min, 24)
	case c.kind == "timestamp":
		return 1
	case c.kind == "boolean":
		return true
	case c.kind == "blob":
		return base64.StdEncoding.EncodeToString(make([]byte, max(n, 0)))
	case strings.HasPrefix(c.pattern, "(arn)"):
		return long("arn:aws:kinesis:us-east-1:000000000000:stream/s/consumer/c:1")
	case strings.HasPrefix(c.pattern, "arn"):
		return long("arn:aws:kinesis:us-east-1:000000000000:stream/s")
	case strings.HasPrefix(c.pattern, "0|"):
		return "5"
	}
	return long("k")
}

// request is a body with all that its operation requires, and the value at the path. A nil value is left out.
func request(all []constraint, action, path string, value any) string {
	body := map[string]any{}
	put := func(path string, value any) {
		at := body
		steps := strings.Split(path, ".")
		for _, s := range steps[:len(steps)-1] {
			if name, list := strings.CutSuffix(s, "[]"); list {
				if at[name] == nil {
					at[name] = []any{map[string]any{}}
				}
				at = at[name].([]any)[0].(map[string]any)
			} else {
				if at[s] == nil {
					at[s] = map[string]any{}
				}
				at = at[s].(map[string]any)
			}
		}
		switch last := steps[len(steps)-1]; {
		case value == nil:
			delete(at, last)
		case strings.HasSuffix(last, "[]"):
			at[strings.TrimSuffix(last, "[]")] = []any{value}
		case strings.HasSuffix(last, "{key}"):
			at[strings.TrimSuffix(last, "{key}")] = map[string]any{value.(string): "v"}
		case strings.HasSuffix(last, "{value}"):
			at[strings.TrimSuffix(last, "{value}")] = map[string]any{"k": value}
		default:
			at[last] = value
		}
	}
	within := func(c *constraint) bool { // required of what is there anyway
		i := strings.LastIndex(c.path, ".")
		if i < 0 {
			return true
		}
		parent := strings.TrimSuffix(c.path[:i], "[]")
		return strings.HasPrefix(path, c.path[:i]) || path == parent || slices.ContainsFunc(all, func(o constraint) bool { return o.action == action && o.path == parent && o.required })
	}
	for _, c := range all {
		if c.action == action && c.required && within(&c) {
			switch c.kind {
			case "structure":
				put(c.path, map[string]any{})
			case "list":
				put(c.path, []any{map[string]any{}})
			case "map":
				put(c.path, map[string]any{"k": "v"})
			default:
				put(c.path, c.sample(-1))
			}
		}
		if c.action == action && strings.HasSuffix(c.path, "[]") && c.kind != "structure" && slices.ContainsFunc(all, func(o constraint) bool {
			return o.action == action && o.required && o.path+"[]" == c.path
		}) {
			put(c.path, c.sample(-1))
		}
	}
	put(path, value)
	b, _ := json.Marshal(body) // of maps, lists and texts
	return string(b)
}

// complaints are AWS's words for a value that breaks the constraint, in each of the ways that are given.
func (c *constraint) complaints(value any, ways ...string) string {
	shown := fmt.Sprint(value)
	var all []string
	at := strings.Split(c.path, ".")
	for i := range at {
		at[i] = strings.ToLower(at[i][:1]) + at[i][1:]
		if i < len(at)-1 {
			at[i] = strings.Replace(at[i], "[]", ".1.member", 1)
		}
	}
	path := strings.Join(at, ".")
	for _, way := range ways {
		// A scalar within a list or map is shown with what it is in, and its constraints are listed together.
		switch of := c.together(); {
		case strings.HasSuffix(path, "[]"):
			all = append(all, fmt.Sprintf("Value '[%s]' at '%s' failed to satisfy constraint: Member must satisfy constraint: [%s]", shown, strings.TrimSuffix(path, "[]"), of))
		case strings.HasSuffix(path, "{key}"):
			all = append(all, fmt.Sprintf("Value '{%s=v}' at '%s' failed to satisfy constraint: Map keys must satisfy constraint: [%s]", shown, strings.TrimSuffix(path, "{key}"), of))
		case strings.HasSuffix(path, "{value}"):
			all = append(all, fmt.Sprintf("Value '{k=%s}' at '%s' failed to satisfy constraint: Map value must satisfy constraint: [%s]", shown, strings.TrimSuffix(path, "{value}"), of))
		case value == nil:
			all = append(all, "Value null at '"+path+"' failed to satisfy constraint: Member must "+way)
		default:
			all = append(all, "Value '"+shown+"' at '"+path+"' failed to satisfy constraint: Member must "+way)
		}
	}
	if len(all) == 1 {
		return "1 validation error detected: " + all[0]
	}
	return fmt.Sprintf("%d validation errors detected: %s", len(all), strings.Join(all, "; "))
}

func (c *constraint) together() string {
	if c.enum != nil {
		return "Member must satisfy enum value set: " + enumOf(c.enum)
	}
	return fmt.Sprintf("Member must have length less than or equal to %d, Member must have length greater than or equal to %d", c.max, c.min)
}

// enumOf shows a set of values. AWS's order is that of a hash table.
func enumOf(values []string) string {
	return "[" + strings.Join(slices.Sorted(slices.Values(values)), ", ") + "]"
}

// sorted brings the values of an enumeration in a message into order.
func sorted(message string) string {
	const before = "satisfy enum value set: ["
	i := strings.Index(message, before)
	if i < 0 {
		return message
	}
	head, rest := message[:i+len(before)], message[i+len(before):]
	set, tail, _ := strings.Cut(rest, "]")
	return strings.TrimSuffix(head, "[") + enumOf(strings.Split(set, ", ")) + tail
}

// Every member of every request, below, at and above its limits, missing and of the wrong type (source: the service model, and
// AWS's answers as kinesalite's tests have them).
func TestConstraints(t *testing.T) {
	s := start(t, local.Options{})
	all := readConstraints(t)
	tried := 0
	for _, c := range all {
		send := func(value any) (kind, message string) {
			t.Helper()
			tried++
			_, got := post(t, s, c.action, request(all, c.action, c.path, value))
			kind, _ = got["__type"].(string)
			message, _ = got["message"].(string)
			return kind, sorted(message)
		}
		refused := func(what string, value any, ways ...string) {
			t.Helper()
			kind, message := send(value)
			if want := c.complaints(value, ways...); kind != "ValidationException" || message != want {
				t.Errorf("%s: %s %s:\n got %s %.300q\nwant ValidationException %.300q", c.action, c.path, what, kind, message, want)
			}
		}
		taken := func(what string, value any) {
			t.Helper()
			if kind, message := send(value); strings.Contains(message, "failed to satisfy constraint") || kind == "SerializationException" || kind == "RequestEntityTooLargeException" {
				t.Errorf("%s: %s %s: %s %.300q", c.action, c.path, what, kind, message)
			}
		}
		if c.required {
			refused("missing", nil, "not be null")
		}
		atLeast, atMost := fmt.Sprintf("greater than or equal to %d", c.min), fmt.Sprintf("less than or equal to %d", c.max)
		var wrong any = 1
		switch c.kind {
		case "string":
			switch {
			case c.enum != nil:
				refused("unknown", "SOME", "satisfy enum value set: "+enumOf(c.enum))
				for _, v := range c.enum {
					taken("known", v)
				}
			case c.pattern != "":
				ways := []string{"satisfy regular expression pattern: " + c.pattern}
				refused("of other characters", "a b\n", ways...)
				if c.min > 0 {
					ways = append(ways, "have length "+atLeast)
				}
				if c.min >= 0 {
					refused("empty", "", ways...)
				}
			case c.min > 0:
				refused("too short", "", "have length "+atLeast)
			}
			if c.max > 0 {
				refused("too long", c.sample(c.max+1), "have length "+atMost)
				taken("as long as can be", c.sample(c.max))
			}
		case "integer":
			if wrong = "1"; c.min >= 0 {
				refused("too small", c.min-1, "have value "+atLeast)
				refused("far too small", -1<<31, "have value "+atLeast)
				taken("least", c.min)
			}
			if c.max >= 0 {
				refused("too large", c.max+1, "have value "+atMost)
				taken("most", c.max)
			}
		case "blob":
			kind, message := send(c.sample(c.max + 1))
			if want := fmt.Sprintf("Value 'java.nio.HeapByteBuffer[pos=0 lim=%[1]d cap=%[1]d]' at '", c.max+1); kind != "ValidationException" || !strings.Contains(message, want) || !strings.HasSuffix(message, "Member must have length "+atMost) {
				t.Errorf("%s: %s too long: %s %.300q", c.action, c.path, kind, message)
			}
			taken("empty", "")
		case "list":
			if c.min > 0 {
				kind, message := send([]any{})
				if kind != "ValidationException" || !strings.HasPrefix(message, "1 validation error detected: Value '[]' at '") || !strings.HasSuffix(message, "Member must have length "+atLeast) {
					t.Errorf("%s: %s empty: %s %.300q", c.action, c.path, kind, message)
				}
			}
			element := all[slices.IndexFunc(all, func(o constraint) bool { return o.action == c.action && o.path == c.path+"[]" })]
			many := make([]any, c.max+1)
			for i := range many {
				if many[i] = element.sample(-1); element.kind == "structure" {
					many[i] = map[string]any{"Data": "", "PartitionKey": "k"}
				}
			}
			kind, message := send(many)
			if kind != "ValidationException" || !strings.HasSuffix(message, "failed to satisfy constraint: Member must have length "+atMost) {
				t.Errorf("%s: %s too long: %s %.300q", c.action, c.path, kind, message)
			}
			taken("as long as can be", many[:c.max])
		case "map":
			wrong = []any{}
			kind, message := send(map[string]any{})
			if kind != "ValidationException" || !strings.HasPrefix(message, "1 validation error detected: Value '{}' at '") || !strings.HasSuffix(message, "Member must have length "+atLeast) {
				t.Errorf("%s: %s empty: %s %.300q", c.action, c.path, kind, message)
			}
			many := map[string]any{}
			for i := range c.max + 1 {
				many[fmt.Sprint("k", i)] = "v"
			}
			kind, message = send(many)
			if kind != "ValidationException" || !strings.HasSuffix(message, "failed to satisfy constraint: Member must have length "+atMost) {
				t.Errorf("%s: %s too large: %s %.300q", c.action, c.path, kind, message)
			}
		case "structure":
			wrong = []any{}
		case "timestamp", "boolean":
			wrong = map[string]any{}
		}
		if strings.HasSuffix(c.path, "{key}") {
			continue // a name is a text
		}
		for _, v := range []any{wrong, []any{[]any{}}} {
			if kind, message := send(v); kind != "SerializationException" {
				t.Errorf("%s: %s = %v: %s %.300q", c.action, c.path, v, kind, message)
			}
		}
	}
	if tried < 800 {
		t.Errorf("only %d requests were sent", tried)
	}
}
