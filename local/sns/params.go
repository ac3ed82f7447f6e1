package sns

import (
	"net/url"
	"strconv"
)

// params are the decoded parameters of a request. Lists and maps are spelled out in the names: Tags.member.1.Key,
// Attributes.entry.2.value.
type params struct {
	values url.Values
	prefix string // of the structure these params are of
}

// get returns a parameter, "" if it is absent.
func (p params) get(name string) string { return p.values.Get(p.prefix + name) }

// has tells an empty parameter from an absent one.
func (p params) has(name string) bool { return p.values.Has(p.prefix + name) }

// need returns a parameter that must be there.
func (p params) need(name string) (string, error) {
	if v := p.get(name); v != "" {
		return v, nil
	}
	return "", invalidParameter("%s Reason: no value for required parameter", name)
}

// list returns the values of a list of strings.
func (p params) list(name string) []string {
	var out []string
	for i := 1; ; i++ {
		key := p.prefix + name + ".member." + strconv.Itoa(i)
		if !p.values.Has(key) {
			return out
		}
		out = append(out, p.values.Get(key))
	}
}

// each calls fn with the parameters of every element of a list or map: kind is "member" or "entry". The numbering must
// begin at 1 and have no gap; what follows a gap is ignored.
func (p params) each(name, kind string, fn func(params) error) error {
	for i := 1; ; i++ {
		of := params{p.values, p.prefix + name + "." + kind + "." + strconv.Itoa(i) + "."}
		if !of.any() {
			return nil
		}
		if err := fn(of); err != nil {
			return err
		}
	}
}

// any tells whether there is a parameter of this structure: the ones that begin an element of the structures used here.
func (p params) any() bool {
	for _, name := range [...]string{"key", "Name", "Key", "Id", "Message", "value", "Value.DataType", "Value"} {
		if p.has(name) {
			return true
		}
	}
	return false
}
