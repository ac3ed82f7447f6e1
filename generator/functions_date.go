package generator

import "time"

func compileDateNow(a argument) (value, error) {
	return compileDate(a, "YYYY-MM-DDTHH:mm:ssZ", func(t time.Time) time.Time { return t })
}

func compileDateUTC(a argument) (value, error) {
	return compileDate(a, "YYYY-MM-DDTHH:mm:ss[Z]", time.Time.UTC)
}

// compileDate compiles a format of moment.js, or its default for the kind of time.
func compileDate(a argument, format string, in func(time.Time) time.Time) (value, error) {
	if a.given() {
		format = a.str()
	}
	f := compileMoment(format)
	return value{render: func(dst []byte, s *Source) []byte { return f.append(dst, in(s.Now)) }}, nil
}
