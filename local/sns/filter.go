package sns

import (
	"encoding/json"
	"maps"
	"math"
	"net/netip"
	"slices"
	"strings"
)

// Filter policies: https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html
//
// A policy is compiled when it is set, with AWS's words for what is wrong with it, and evaluated at every Publish. In the
// scope MessageAttributes it sees attributes of the types String, String.Array and Number; in the scope MessageBody it sees
// the message, which must be a JSON object. A list of values or objects matches when one element does.

const (
	scopeAttributes = "MessageAttributes"
	scopeBody       = "MessageBody"

	maxPolicyBytes  = 256 << 10
	maxPolicyKeys   = 5
	maxCombinations = 150
)

// filter is a compiled policy. A nil filter lets everything through.
type filter struct {
	body bool
	root *filterObject
}

// filterObject is a policy or a nested part of one: every field matches, and of every $or one alternative.
type filterObject struct {
	fields []filterField
	ors    [][]*filterObject
}

// filterField has rules, of which one must match, or what is nested in it.
type filterField struct {
	key    string
	rules  []filterRule
	nested *filterObject
}

// filterRule matches a scalar (nil, bool, float64 or string), or in absent and present the field itself.
type filterRule struct {
	value           func(v any) bool // nil for exists
	present, absent bool             // exists: true, exists: false
}

// accepts tells whether a message is for a subscription with this filter and protocol.
func (f *filter) accepts(m *message, protocol string) bool {
	if f == nil {
		return true
	}
	if f.body {
		var body map[string]any
		return json.Unmarshal([]byte(m.text(protocol)), &body) == nil && body != nil && f.root.matches(body)
	}
	return f.root.matches(m.filterable())
}

// filterable is what filter policies see of a message's attributes.
func (m *message) filterable() map[string]any {
	out := make(map[string]any, len(m.attributes))
	for name, a := range m.attributes {
		switch a.Type {
		case "String":
			out[name] = a.Value
		case "String.Array":
			var list []any
			if json.Unmarshal([]byte(a.Value), &list) == nil {
				out[name] = list
			}
		case "Number":
			var n float64
			if json.Unmarshal([]byte(a.Value), &n) == nil {
				out[name] = n
			}
		}
	}
	return out
}

// matches evaluates an object of a policy at a place of a message. Where the message has no object there, its fields are
// absent.
func (o *filterObject) matches(v any) bool {
	if list, ok := v.([]any); ok && len(list) > 0 {
		return slices.ContainsFunc(list, o.matches)
	}
	object, _ := v.(map[string]any)
	for i := range o.fields {
		f := &o.fields[i]
		value, present := object[f.key]
		if f.nested != nil {
			if !f.nested.matches(value) {
				return false
			}
			continue
		}
		if !slices.ContainsFunc(f.rules, func(r filterRule) bool { return r.matches(value, present) }) {
			return false
		}
	}
	for _, or := range o.ors {
		if !slices.ContainsFunc(or, func(alternative *filterObject) bool { return alternative.matches(v) }) {
			return false
		}
	}
	return true
}

func (r *filterRule) matches(v any, present bool) bool {
	switch v := v.(type) {
	case map[string]any: // values only can be there; what is nested is not one
		return r.absent
	case []any:
		if len(v) == 0 {
			return r.absent
		}
		return slices.ContainsFunc(v, func(e any) bool { return r.matches(e, true) })
	}
	if r.value == nil {
		return present == r.present
	}
	return present && r.value(v)
}

// compileFilter reads a policy; "" and {} are none. The errors' texts begin behind the prefix that depends on the request.
func compileFilter(policy, scope string) (*filter, error) {
	if policy == "" {
		return nil, nil
	}
	if len(policy) > maxPolicyBytes {
		return nil, filterError("Filter policy is too long")
	}
	var members map[string]any
	if json.Unmarshal([]byte(policy), &members) != nil {
		return nil, filterError("failed to parse JSON.")
	}
	if len(members) == 0 {
		return nil, nil
	}
	if len(members) > maxPolicyKeys {
		return nil, filterError("Filter policy can not have more than 5 keys")
	}
	c := filterCompiler{nesting: scope == scopeBody}
	root, combinations, err := c.object(members, 1, 1)
	switch {
	case err != nil:
		return nil, err
	case combinations > maxCombinations:
		return nil, filterError("Filter policy is too complex")
	}
	return &filter{body: scope == scopeBody, root: root}, nil
}

func filterError(text string) *Error { return invalidParameter("FilterPolicy: %s", text) }

type filterCompiler struct{ nesting bool }

// object compiles the members of an object. combinations is what has been multiplied so far: the values of each list, and
// how deep it is.
func (c *filterCompiler) object(members map[string]any, depth int, combinations float64) (*filterObject, float64, error) {
	if depth > 1 && !c.nesting {
		return nil, 0, invalidParameter("Filter policy scope MessageAttributes does not support nested filter policy")
	}
	o := &filterObject{}
	for _, key := range slices.Sorted(maps.Keys(members)) {
		switch v := members[key].(type) {
		case map[string]any:
			nested, n, err := c.object(v, depth+1, combinations)
			if err != nil {
				return nil, 0, err
			}
			combinations = n
			o.fields = append(o.fields, filterField{key: key, nested: nested})
		case []any:
			if len(v) == 0 {
				return nil, 0, filterError("Empty arrays are not allowed")
			}
			if alternatives, ok := orMembers(key, v); ok {
				or, n, err := c.or(alternatives, depth, combinations)
				if err != nil {
					return nil, 0, err
				}
				combinations = n
				o.ors = append(o.ors, or)
				continue
			}
			f := filterField{key: key}
			for _, element := range v {
				r, err := compileRule(element)
				if err != nil {
					return nil, 0, err
				}
				f.rules = append(f.rules, r)
			}
			combinations *= float64(len(v) * depth)
			o.fields = append(o.fields, f)
		default:
			return nil, 0, filterError(`"` + key + `" must be an object or an array`)
		}
	}
	return o, combinations, nil
}

// orMembers tells whether a list is the operator $or: at least two objects none of which is a match expression. Else $or is
// a name like others. (https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html)
func orMembers(key string, list []any) (alternatives []map[string]any, ok bool) {
	if key != "$or" || len(list) < 2 {
		return nil, false
	}
	for _, element := range list {
		o, isObject := element.(map[string]any)
		if !isObject || len(o) == 0 {
			return nil, false
		}
		for name := range o {
			if slices.Contains(matchTypes, name) {
				return nil, false
			}
		}
		alternatives = append(alternatives, o)
	}
	return alternatives, true
}

func (c *filterCompiler) or(alternatives []map[string]any, depth int, combinations float64) (or []*filterObject, sum float64, err error) {
	for _, a := range alternatives {
		o, n, err := c.object(a, depth, combinations)
		if err != nil {
			return nil, 0, err
		}
		or, sum = append(or, o), sum+n
	}
	return or, sum, nil
}

var matchTypes = []string{"anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"}

// compileRule compiles an element of a list of values.
func compileRule(element any) (filterRule, error) {
	switch e := element.(type) {
	case nil, bool, float64, string:
		return filterRule{value: equalTo(e)}, nil
	case map[string]any:
		if len(e) != 1 {
			return filterRule{}, filterError("Only one key allowed in match expression")
		}
		for kind, operand := range e {
			if kind == "exists" {
				want, ok := operand.(bool)
				if !ok {
					return filterRule{}, filterError("exists match pattern must be either true or false.")
				}
				return filterRule{present: want, absent: !want}, nil
			}
			value, err := compileMatch(kind, operand)
			return filterRule{value: value}, err
		}
	}
	return filterRule{}, filterError("Match value must be String, number, true, false, or null")
}

func compileMatch(kind string, operand any) (func(any) bool, error) {
	switch kind {
	case "prefix", "suffix", "equals-ignore-case":
		text, ok := operand.(string)
		if !ok {
			return nil, filterError(kind + " match pattern must be a string")
		}
		test := map[string]func(s, text string) bool{"prefix": strings.HasPrefix, "suffix": strings.HasSuffix, "equals-ignore-case": strings.EqualFold}[kind]
		return func(v any) bool {
			s, ok := v.(string)
			return ok && test(s, text)
		}, nil
	case "anything-but":
		return anythingBut(operand)
	case "numeric":
		return numericRange(operand)
	case "cidr":
		return inNetwork(operand)
	}
	return nil, filterError("Unrecognized match type " + kind)
}

// equalTo compares numbers to five digits after the decimal point, as AWS does.
func equalTo(want any) func(any) bool {
	if n, ok := want.(float64); ok {
		return func(v any) bool {
			got, ok := v.(float64)
			return ok && digits(got) == digits(n)
		}
	}
	return func(v any) bool { return v == want }
}

func digits(n float64) float64 { return math.Round(n * 1e5) }

// anythingBut takes a value, a list of values, or a prefix. NULL is not anything.
func anythingBut(operand any) (func(any) bool, error) {
	list := []any{operand}
	switch o := operand.(type) {
	case []any:
		if list = o; len(o) == 0 {
			return nil, filterError("Empty arrays are not allowed")
		}
	case map[string]any:
		if len(o) != 1 {
			return nil, filterError("Only one key allowed in match expression")
		}
		for kind := range o {
			if kind != "prefix" {
				return nil, filterError("Unsupported anything-but pattern: " + kind)
			}
		}
	}
	var excluded []func(any) bool
	for _, element := range list {
		r, err := compileRule(element)
		if err != nil {
			return nil, err
		}
		if r.value == nil {
			return nil, filterError("Unsupported anything-but pattern: exists")
		}
		excluded = append(excluded, r.value)
	}
	return func(v any) bool {
		return v != nil && !slices.ContainsFunc(excluded, func(matches func(any) bool) bool { return matches(v) })
	}, nil
}

// numericRange takes [op, number] or a range [">" or ">=", number, "<" or "<=", number].
func numericRange(operand any) (func(any) bool, error) {
	list, _ := operand.([]any)
	if len(list) == 0 {
		return nil, filterError("Invalid member in numeric match: ]")
	}
	first, err := numericTest(list, "<", "<=", "=", ">", ">=")
	switch {
	case err != nil:
		return nil, err
	case len(list) == 2:
		return first, nil
	case list[0] != ">" && list[0] != ">=":
		return nil, filterError("Too many elements in numeric expression")
	}
	if _, ok := list[2].(string); !ok {
		return nil, filterError("Bad value in numeric range: " + jsonText(list[2]))
	}
	second, err := numericTest(list[2:], "<", "<=")
	switch {
	case err != nil:
		return nil, err
	case list[3].(float64) <= list[1].(float64):
		return nil, filterError("Bottom must be less than top")
	case len(list) > 4:
		return nil, filterError("Too many terms in numeric range expression")
	}
	return func(v any) bool { return first(v) && second(v) }, nil
}

// numericTest compiles the operator and the number that a list begins with.
func numericTest(list []any, allowed ...string) (func(any) bool, error) {
	op, ok := list[0].(string)
	if !ok {
		return nil, filterError("Invalid member in numeric match: " + jsonText(list[0]))
	}
	if !slices.Contains(allowed, op) {
		if len(allowed) == 2 {
			return nil, filterError("Bad numeric range operator: " + op)
		}
		return nil, filterError("Unrecognized numeric range operator: " + op)
	}
	var limit float64
	if ok = len(list) > 1; ok {
		limit, ok = list[1].(float64)
	}
	if !ok {
		if op == "=" {
			op = "equals"
		}
		return nil, filterError("Value of " + op + " must be numeric")
	}
	limit = digits(limit)
	return func(v any) bool {
		n, ok := v.(float64)
		if n = digits(n); !ok {
			return false
		}
		switch op {
		case "<":
			return n < limit
		case "<=":
			return n <= limit
		case ">":
			return n > limit
		case ">=":
			return n >= limit
		}
		return n == limit
	}, nil
}

func inNetwork(operand any) (func(any) bool, error) {
	text, ok := operand.(string)
	if !ok {
		return nil, filterError("prefix match pattern must be a string") // so AWS
	}
	address, bits, ok := strings.Cut(text, "/")
	if !ok || strings.Contains(bits, "/") {
		return nil, filterError("Malformed CIDR, one '/' required")
	}
	if bits == "" || strings.Trim(bits, "0123456789") != "" {
		return nil, filterError("Malformed CIDR, mask bits must be an integer")
	}
	network, err := netip.ParsePrefix(text)
	if err != nil {
		return nil, filterError("Nonstandard IP address: " + address)
	}
	return func(v any) bool {
		s, ok := v.(string)
		if !ok {
			return false
		}
		ip, err := netip.ParseAddr(s)
		return err == nil && network.Contains(ip)
	}, nil
}

func jsonText(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
