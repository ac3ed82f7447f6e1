package generator

import (
	"fmt"
	"slices"
	"strings"
)

// Function describes a placeholder.
type Function struct {
	Name  string // "module.method"
	Usage string // as it stands between the braces; alternatives are separated by " | "
	Doc   string // one sentence

	compile func(argument) (value, error)
}

// value is a placeholder with its argument compiled.
type value struct {
	// render appends one value. It must not allocate.
	render func(dst []byte, s *Source) []byte

	// specimens are the values that a check has to see besides some at random: all there are, or those at the ends.
	specimens []string
}

// functions is the table of placeholders, sorted by name. To add one, add its line: plain for a placeholder without
// argument, else a function that compiles the argument and words its errors as "random.number " + error.
var functions = []Function{
	{"current.timestamp", "current.timestamp", "The current local time in ISO 8601, as date.now.", compileDateNow},
	{"date.now", `date.now | date.now("YYYY-MM-DD HH:mm:ss.SSS")`, "The current local time, in a format of moment.js.", compileDateNow},
	{"date.utc", `date.utc | date.utc("YYYY-MM-DD HH:mm:ss.SSS")`, "The current time in UTC, in a format of moment.js.", compileDateUTC},
	{"internet.ip", "internet.ip", "An IPv4 address.", plain(appendIP)},
	{"name.firstName", "name.firstName", "A given name.", plain(pickFrom(firstNames))},
	{"name.lastName", "name.lastName", "A family name.", plain(pickFrom(lastNames))},
	{"random.alphaNumeric", "random.alphaNumeric", "One digit or small letter.", plain(appendAlphaNumeric)},
	{"random.arrayElement", `random.arrayElement(["a","b"])`, "One element of an array, each equally likely.", compileArrayElement},
	{"random.boolean", "random.boolean", "true or false.", compileBoolean},
	{"random.number", `random.number | random.number(MAX) | random.number({"min":0,"max":99999,"precision":1})`, "A number from min to max, both included, in steps of precision.", compileNumber},
	{"random.uuid", "random.uuid", "A random UUID (version 4).", plain(appendUUID)},
	{"random.weightedArrayElement", `random.weightedArrayElement({"weights":[0.3,0.7],"data":["a","b"]})`, "One element of data, as likely as its weight among the weights.", compileWeightedArrayElement},
}

// Functions lists every placeholder, sorted by name.
func Functions() []Function { return slices.Clone(functions) }

func findFunction(name string) *Function {
	i, found := slices.BinarySearchFunc(functions, name, func(f Function, name string) int {
		return strings.Compare(f.Name, name)
	})
	if !found {
		return nil
	}
	return &functions[i]
}

// plain is a placeholder that takes no argument.
func plain(render func([]byte, *Source) []byte) func(argument) (value, error) {
	return func(a argument) (value, error) {
		if a.given() {
			return value{}, fmt.Errorf("takes no argument, but has %s", a.text)
		}
		return value{render: render}, nil
	}
}

// pickFrom renders one of the given words.
func pickFrom(words []string) func([]byte, *Source) []byte {
	return func(dst []byte, s *Source) []byte {
		return append(dst, words[s.uint64n(uint64(len(words)))]...)
	}
}
