package generator

// phoneFormats are those of North America, which faker.js has; an extension is x and three to five digits.
var phoneFormats = []string{
	"###-###-####", "(###) ###-####", "1-###-###-####", "###.###.####",
	"###-###-#### x###", "(###) ###-#### x###", "1-###-###-#### x###", "###.###.#### x###",
	"###-###-#### x####", "(###) ###-#### x####", "1-###-###-#### x####", "###.###.#### x####",
	"###-###-#### x#####", "(###) ###-#### x#####", "1-###-###-#### x#####", "###.###.#### x#####",
}

// compilePhoneNumberFormat takes the number of a format; the first without one.
func compilePhoneNumberFormat(a argument) (value, error) {
	n := 0
	if a.given() {
		var err error
		if n, err = a.integer(0, len(phoneFormats)-1); err != nil {
			return value{}, err
		}
	}
	return patterned(phoneFormats[n:n+1], false)(argument{})
}
