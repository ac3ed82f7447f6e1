// Package generator makes test traffic: records rendered from a template, handed to a sink at a constant rate, or those of
// a scenario, whose rates follow the time of day and change on schedule.
//
// It is a library of its own: it imports nothing of weir but the wording of mistakes, and knows no service. The caller supplies the Sink that
// takes the records, and the Clock, which may be virtual. Start reading at Generator (generator.go) for the pace, at
// Compile (template.go) for the templates, and at Scenario (scenario.go): arrivals.go makes its records second by second,
// player.go sends them, scenario_parse.go reads it from YAML.
//
//	t, err := generator.Compile(`{"n":{{random.number(9)}}}`, generator.Options{RequireJSON: true})
//	g, err := generator.New(generator.Config{Template: t, Rate: 5, For: 30 * time.Second, Seed: 1})
//	err = g.Run(ctx, sink)
//
// # Template language
//
// The language is that of the Kinesis Data Generator (github.com/awslabs/amazon-kinesis-data-generator), which
// extends faker.js: text with placeholders {{module.method}} or {{module.method(ARGUMENT)}}. The argument is JSON; what
// doesn't parse as JSON is taken as a plain string. One template makes one record: white space around it and line
// breaks inside are dropped, so that a template may be laid out over lines. Functions lists the placeholders there are;
// each is one entry of the table in functions.go. A placeholder's argument is compiled once, into a renderer that appends
// (compose.go), so that a record costs no allocation.
//
// Where we differ from the Kinesis Data Generator: a mistake in a template is an error with a position, not text that is
// sent as it stands; random.number never leaves the range it is given; {"precision":0.01} prints 0.57 and not
// 0.5700000000000001; weights of random.weightedArrayElement aren't rounded to two decimals; objects and arrays picked
// from an array print as JSON; prices have cents, where faker.js mostly makes them .00; lorem.lines and
// lorem.paragraphs have \n in between, as JSON writes it, not bare line breaks, which would end the record for most
// readers; and the same seed gives the same records. Words are others, of the same kind: most are those of gofakeit.
// What faker.js prints as "undefined", system.filePath and the like, is an unknown placeholder.
package generator
