package main

import (
	"math"
	"net/url"
	"slices"
	"strings"

	"github.com/weirsql/weir/udf"
)

// functions are what SQL can call. The Go types say what each takes and returns.
var functions = []udf.Spec{
	udf.Scalar("MASK_PHONE", maskPhone,
		udf.Params("phone"),
		udf.Summary("Hides all but the last three digits of a phone number."),
		udf.Example{SQL: "MASK_PHONE('+43 660 1234567')", Result: "+•• ••• ••••567"}),

	udf.Partial("BROWSER", browser,
		udf.Params("user_agent"),
		udf.Summary("The browser that a user agent stands for, NULL for an unknown one."),
		udf.Example{SQL: "BROWSER('Mozilla/5.0 (X11; rv:128.0) Gecko/20100101 Firefox/128.0')", Result: "Firefox"},
		udf.Example{SQL: "BROWSER('curl/8.5.0')", Result: "NULL"}),

	udf.Aggregate("GEO_MEAN", udf.AggregateFuncs[geoMean, float64, udf.Null[float64]]{
		Accumulate: (*geoMean).accumulate,
		Retract:    (*geoMean).retract,
		Merge:      (*geoMean).merge,
		Result:     (*geoMean).result,
	},
		udf.Params("x"),
		udf.Summary("The geometric mean of positive numbers; NULL when there are none.")),

	udf.Table("QUERY_PARAMS", queryParams,
		udf.Params("url"),
		udf.Summary("The parameters of a URL, one a row, ordered by name.")),
}

// maskPhone keeps the last three digits, and what isn't a digit.
func maskPhone(phone string) string {
	left := 0
	for _, r := range phone {
		if isDigit(r) {
			left++
		}
	}
	return strings.Map(func(r rune) rune {
		if !isDigit(r) {
			return r
		}
		if left--; left < 3 {
			return r
		}
		return '•'
	}, phone)
}

func isDigit(r rune) bool { return r >= '0' && r <= '9' }

// browser has no result for what it doesn't know: its second result is false then, and SQL's is NULL.
func browser(userAgent string) (name string, known bool) {
	for _, b := range []struct{ mark, name string }{ // Edge says that it is Chrome, and Chrome that it is Safari
		{"Edg/", "Edge"}, {"Firefox/", "Firefox"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(userAgent, b.mark) {
			return b.name, true
		}
	}
	return "", false
}

// geoMean is the state of GEO_MEAN for one group; checkpoints save its fields.
type geoMean struct {
	logs float64 // the sum of the logarithms
	n    int64
}

func (g *geoMean) accumulate(x float64) error { g.logs += math.Log(x); g.n++; return nil }
func (g *geoMean) retract(x float64) error    { g.logs -= math.Log(x); g.n--; return nil }
func (g *geoMean) merge(from *geoMean) error  { g.logs += from.logs; g.n += from.n; return nil }

func (g *geoMean) result() (udf.Null[float64], error) {
	if g.n == 0 {
		return udf.Null[float64]{}, nil
	}
	return udf.NotNull(math.Exp(g.logs / float64(g.n))), nil
}

// param is a row of QUERY_PARAMS; its fields are the columns.
type param struct {
	Name  string
	Value string
}

// queryParams fails, and with it the job, for what is no URL: the message names the record.
func queryParams(text string, emit func(param)) error {
	u, err := url.Parse(text)
	if err != nil {
		return err
	}
	values := u.Query()
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range values[name] {
			emit(param{name, value})
		}
	}
	return nil
}
