package generator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// ScenarioError is a mistake in a scenario file. Its text leads with file, line and column.
type ScenarioError struct {
	File         string
	Line, Column int // from 1; 0 where they aren't known
	Msg          string
	Hint         string // what to do about it; may be empty
}

func (e *ScenarioError) Error() string {
	text := e.File
	if e.Line > 0 {
		text += fmt.Sprintf(":%d", e.Line)
	}
	if e.Column > 0 {
		text += fmt.Sprintf(":%d", e.Column)
	}
	text += ": " + e.Msg
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	return text
}

// ParseScenario reads a scenario from YAML; docs/generate.md describes the format. A file without a start begins now, one
// without a seed has seed 42. The error joins a *ScenarioError for every mistake, in the order of the file.
func ParseScenario(file string, text []byte, now time.Time) (*Scenario, error) {
	p := &scenarioParser{file: file, scenario: &Scenario{Start: now.UTC().Truncate(tick), Seed: 42}}
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		e := &ScenarioError{File: file, Msg: err.Error()}
		if at := (*yaml.LoadError)(nil); errors.As(err, &at) {
			e.Line, e.Column, e.Msg = at.Mark.Line, at.Mark.Column, "not YAML: "+at.Message
		}
		return nil, e
	}
	if len(document.Content) == 0 {
		return nil, &ScenarioError{File: file, Msg: "the scenario is empty", Hint: "it needs at least traffic, with a stream, a template and a rate"}
	}
	p.parse(document.Content[0])
	if len(p.mistakes) == 0 {
		return p.scenario, nil
	}
	slices.SortStableFunc(p.mistakes, func(a, b *ScenarioError) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	errs := make([]error, len(p.mistakes))
	for i, m := range p.mistakes {
		errs[i] = m
	}
	return nil, errors.Join(errs...)
}

// scenarioParser collects mistakes and goes on, so that one look at the file mends them all.
type scenarioParser struct {
	file     string
	scenario *Scenario
	started  bool // the file has a start
	mistakes []*ScenarioError
}

// key is what may stand in a mapping.
type key struct {
	name     string
	required bool
	read     func(*yaml.Node)
}

func (p *scenarioParser) mistake(n *yaml.Node, hint, format string, args ...any) {
	p.mistakes = append(p.mistakes, &ScenarioError{p.file, n.Line, n.Column, fmt.Sprintf(format, args...), hint})
}

func (p *scenarioParser) parse(root *yaml.Node) {
	var traffic, changes *yaml.Node
	seconds := func(into *time.Duration) func(*yaml.Node) { return func(n *yaml.Node) { p.duration(n, into) } }
	p.mapping(root, "a scenario", []key{
		{"start", false, p.start},
		{"for", false, seconds(&p.scenario.For)},
		{"cycle", false, func(n *yaml.Node) {
			before := len(p.mistakes)
			p.duration(n, &p.scenario.cycle)
			if p.scenario.cycle == 0 && len(p.mistakes) == before {
				p.mistake(n, "write how long a day of the rates takes, like 10m", "cycle is %q, no time", n.Value)
			}
		}},
		{"seed", false, func(n *yaml.Node) {
			if n.Decode(&p.scenario.Seed) != nil || n.ShortTag() != "!!int" {
				p.mistake(n, "write one like 42", "seed is %q, not a whole number", n.Value)
			}
		}},
		{"traffic", true, func(n *yaml.Node) { traffic = n }},
		{"changes", false, func(n *yaml.Node) { changes = n }},
	})
	// What others refer to is read first, wherever it stands in the file.
	if traffic != nil {
		p.traffic(traffic)
	}
	if changes != nil {
		p.changes(changes)
	}
	if len(p.mistakes) > 0 {
		return
	}
	// Without a length the command line gives one, and the check is made when a Player is.
	if p.scenario.For > 0 {
		if err := p.scenario.Check(); err != nil {
			p.mistake(root, "", "%v", err)
		}
	}
}

// mapping reads the keys of a mapping and tells what is unknown, twice there or missing.
func (p *scenarioParser) mapping(n *yaml.Node, what string, keys []key) {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		p.mistake(n, "it takes "+keyNames(keys), "%s is %s, not keys with values", what, kindOf(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], resolve(n.Content[i+1])
		at := slices.IndexFunc(keys, func(k key) bool { return k.name == name.Value })
		switch {
		case at < 0:
			p.mistake(name, didYouMean(name.Value, keys), "unknown key %q in %s", name.Value, what)
		case seen[name.Value]:
			p.mistake(name, "leave one of them out", "the key %q stands twice in %s", name.Value, what)
		default:
			keys[at].read(value)
		}
		seen[name.Value] = true
	}
	for _, k := range keys {
		if k.required && !seen[k.name] {
			p.mistake(n, "", "%s has no %q", what, k.name)
		}
	}
}

// entries calls f for the keys of a mapping that may be any.
func (p *scenarioParser) entries(n *yaml.Node, what, hint string, f func(name, value *yaml.Node)) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		p.mistake(n, hint, "%s is %s, not keys with values", what, kindOf(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i]
		if seen[name.Value] {
			p.mistake(name, "leave one of them out", "the key %q stands twice in %s", name.Value, what)
			continue
		}
		seen[name.Value] = true
		f(name, resolve(n.Content[i+1]))
	}
}

func (p *scenarioParser) start(n *yaml.Node) {
	t, ok := parseTime(n.Value)
	if !ok || n.Kind != yaml.ScalarNode {
		p.mistake(n, "write one in UTC like 2024-05-06 00:00:00", "start is %s, not a time", kindOf(n))
		return
	}
	if t.Unix() < 0 {
		p.mistake(n, "", "start is %s, before 1970", n.Value)
		return
	}
	p.scenario.Start, p.started = t, true
}

func (p *scenarioParser) traffic(n *yaml.Node) {
	s := p.scenario
	of := map[*traffic]*yaml.Node{}
	p.entries(n, "traffic", "name each kind of records: traffic: {clicks: {…}}", func(name, value *yaml.Node) {
		t := &traffic{number: len(s.traffic), name: name.Value, weekly: [7]float64{1, 1, 1, 1, 1, 1, 1}}
		raw := false
		var template, rate, reference *yaml.Node
		p.mapping(value, "the traffic "+t.name, []key{
			{"stream", true, func(n *yaml.Node) { p.text(n, "stream", &t.stream) }},
			{"template", true, func(n *yaml.Node) { template = n }},
			{"partition-key", false, func(n *yaml.Node) { t.partitionKey = p.template(n, "partition-key", true) }},
			{"raw", false, func(n *yaml.Node) {
				if n.Decode(&raw) != nil || n.ShortTag() != "!!bool" {
					p.mistake(n, "", "raw is %s; it takes true or false", kindOf(n))
				}
			}},
			{"of", false, func(n *yaml.Node) { reference = n }},
			{"rate", true, func(n *yaml.Node) { rate = n }},
			{"arrivals", false, func(n *yaml.Node) {
				if t.even = n.Value == "even"; !t.even && n.Value != "random" {
					p.mistake(n, "", "arrivals is %s; it takes random or even", kindOf(n))
				}
			}},
			{"daily", false, func(n *yaml.Node) { p.daily(n, t) }},
			{"weekly", false, func(n *yaml.Node) { p.weekly(n, t) }},
			{"trend", false, func(n *yaml.Node) { p.share(n, "trend", -1, &t.trend) }},
			{"noise", false, func(n *yaml.Node) {
				if p.share(n, "noise", 0, &t.noise); t.noise > 1 {
					p.mistake(n, "", "noise is %s; it must be at most 100%%", n.Value)
				}
			}},
		})
		if template != nil {
			t.template = p.template(template, "template", raw)
		}
		switch {
		case rate == nil:
		case reference != nil:
			p.share(rate, "rate", 0, &t.rate)
		default:
			p.rate(rate, "rate", &t.rate)
		}
		if reference != nil {
			of[t] = reference
		}
		s.traffic = append(s.traffic, t)
	})
	for _, t := range s.traffic {
		if reference := of[t]; reference != nil {
			t.of = p.find(reference, "of")
		}
	}
	for _, t := range s.traffic {
		for step, up := 0, t.of; up != nil; step, up = step+1, up.of {
			if up == t || step > len(s.traffic) {
				p.mistake(of[t], "one of them needs a rate of its own", "the traffic %s follows itself", t.name)
				return
			}
		}
	}
}

// find returns the traffic that a node names, or nil.
func (p *scenarioParser) find(n *yaml.Node, what string) *traffic {
	var names []key
	for _, t := range p.scenario.traffic {
		if t.name == n.Value {
			return t
		}
		names = append(names, key{name: t.name})
	}
	p.mistake(n, didYouMean(n.Value, names), "%s names the traffic %q, which isn't in the file", what, n.Value)
	return nil
}

// daily reads factors by hour, or by days and hour.
func (p *scenarioParser) daily(n *yaml.Node, t *traffic) {
	const hint = "write factors by hour: {4: 30%, 20: 150% ± 10%}, or by days: {mon-fri: {4: 30%, 20: 150%}, sat-sun: {12: 80%}}"
	if n.Kind == yaml.MappingNode && len(n.Content) > 0 {
		_, t.byDay = parseDays(n.Content[0].Value)
	}
	if !t.byDay {
		p.hours(n, "daily", hint, t, []int{0})
		return
	}
	var of [7]bool
	before := len(p.mistakes)
	p.entries(n, "daily", hint, func(name, value *yaml.Node) {
		days, ok := parseDays(name.Value)
		if !ok {
			p.mistake(name, hint, "%q is neither a day nor days like mon-fri", name.Value)
			return
		}
		for _, day := range days {
			if of[day] {
				p.mistake(name, "leave one of them out", "daily has two lists of hours for %s", dayNames[day])
				return
			}
			of[day] = true
		}
		p.hours(value, "daily of "+name.Value, hint, t, days)
	})
	for day, there := range of {
		if !there && len(p.mistakes) == before {
			p.mistake(n, "days without hours of their own have no rate", "daily has no hours for %s", dayNames[day])
			return
		}
	}
}

// hours reads factors by hour, and takes them for each of the days.
func (p *scenarioParser) hours(n *yaml.Node, what, hint string, t *traffic, days []int) {
	seen := map[float64]bool{}
	p.entries(n, what, hint, func(name, value *yaml.Node) {
		var at atHour
		hour, ok := parseHour(name.Value)
		if !ok {
			p.mistake(name, hint, "%q is not an hour from 0 to 23, nor a time like 18:30", name.Value)
			return
		}
		if seen[hour] {
			p.mistake(name, "leave one of them out", "%s has two factors for the same time", what)
			return
		}
		seen[hour] = true
		p.deviating(value, what, &at)
		for _, day := range days {
			at.hour = hour + 24*float64(day)
			t.daily = append(t.daily, at)
		}
	})
	slices.SortFunc(t.daily, func(a, b atHour) int { return cmp.Compare(a.hour, b.hour) })
}

// deviating reads a factor that may have a deviation: 150% ± 10%.
func (p *scenarioParser) deviating(n *yaml.Node, what string, into *atHour) {
	mean, deviation, given := strings.Cut(n.Value, "±")
	if !given {
		mean, deviation, given = strings.Cut(n.Value, "+-")
	}
	if !given || n.Kind != yaml.ScalarNode {
		p.share(n, what, 0, &into.factor)
		return
	}
	for _, of := range []struct {
		text string
		what string
		into *float64
	}{{mean, what, &into.factor}, {deviation, "the deviation in " + what, &into.deviation}} {
		at := *n
		at.Value = strings.TrimSpace(of.text)
		p.share(&at, of.what, 0, of.into)
	}
}

func (p *scenarioParser) weekly(n *yaml.Node, t *traffic) {
	p.entries(n, "weekly", "write factors by day: {sat: 80%, sun: 70%}", func(name, value *yaml.Node) {
		day := slices.Index(dayNames, name.Value)
		if day < 0 {
			p.mistake(name, "the days are "+strings.Join(dayNames, ", "), "%q is not a day", name.Value)
			return
		}
		p.share(value, "weekly", 0, &t.weekly[day])
	})
}

func (p *scenarioParser) changes(n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		p.mistake(n, "begin each change with a dash", "changes is %s, not a list", kindOf(n))
		return
	}
	for _, item := range n.Content {
		p.change(resolve(item))
	}
}

func (p *scenarioParser) change(n *yaml.Node) {
	c := &change{}
	var at, factor, add, template *yaml.Node
	seconds := func(into *time.Duration) func(*yaml.Node) { return func(n *yaml.Node) { p.duration(n, into) } }
	before := len(p.mistakes)
	p.mapping(n, "a change", []key{
		{"traffic", true, func(n *yaml.Node) { c.traffic = p.find(n, "traffic") }},
		{"at", true, func(n *yaml.Node) { at = n }},
		{"for", true, seconds(&c.length)},
		{"every", false, seconds(&c.every)},
		{"jitter", false, seconds(&c.jitter)},
		{"rise", false, seconds(&c.rise)},
		{"fall", false, seconds(&c.fall)},
		{"factor", false, func(n *yaml.Node) { factor = n; p.share(n, "factor", 0, &c.factor) }},
		{"add", false, func(n *yaml.Node) { add, c.added = n, true; p.rate(n, "add", &c.add) }},
		{"template", false, func(n *yaml.Node) { template = n }},
		{"label", false, func(n *yaml.Node) { p.text(n, "label", &c.label) }},
	})
	if at != nil {
		p.when(at, &c.at)
	}
	if template != nil {
		c.template = p.template(template, "template", false)
	}
	if len(p.mistakes) > before {
		return
	}
	switch {
	case (factor == nil) == (add == nil):
		p.mistake(n, "factor: 200% doubles the rate, add: 3/s adds records", "a change takes either a factor or what to add")
	case template != nil && add == nil:
		p.mistake(template, "give the change an add: with the rate of these records", "a template is for records that a change adds, and this one has a factor")
	case c.length == 0:
		p.mistake(n, "", "a change lasts at least a second")
	case c.rise+c.fall > c.length:
		p.mistake(n, "", "the change takes %s to rise and %s to fall, longer than the %s it lasts", durationText(c.rise), durationText(c.fall), durationText(c.length))
	case c.every > 0 && c.every < c.length+c.jitter:
		p.mistake(n, "make every at least for and jitter together", "the change may begin again before it has ended: every %s, for %s, jitter %s",
			durationText(c.every), durationText(c.length), durationText(c.jitter))
	default:
		c.number = len(c.traffic.changes)
		c.traffic.changes = append(c.traffic.changes, c)
	}
}

// when reads a time from the start, or, in a file with a start, a moment.
func (p *scenarioParser) when(n *yaml.Node, into *time.Duration) {
	t, ok := parseTime(n.Value)
	if !ok {
		p.duration(n, into)
		return
	}
	*into = t.Sub(p.scenario.Start)
	switch {
	case !p.started:
		p.mistake(n, "give the scenario a start:, or write the time since it like 1d6h", "a moment has no meaning in a scenario without a start")
	case *into < 0:
		p.mistake(n, "", "the moment %s lies before the start of the scenario, %s", n.Value, p.scenario.Start.Format(time.DateTime))
	}
}

func (p *scenarioParser) duration(n *yaml.Node, into *time.Duration) {
	d, err := parseDuration(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		p.mistake(n, "write one like 90s, 15m or 1d12h", "%s is not a time in whole days, hours, minutes and seconds", kindOf(n))
		return
	}
	*into = d
}

func (p *scenarioParser) rate(n *yaml.Node, what string, into *float64) {
	rate, ok := parseRate(n.Value)
	if !ok || n.Kind != yaml.ScalarNode {
		p.mistake(n, "write one like 5, 5/s, 300/m or 1000/h", "%s is %s, not a number of records per time", what, kindOf(n))
		return
	}
	*into = rate
}

// share reads a factor: 1.5 or 150%.
func (p *scenarioParser) share(n *yaml.Node, what string, least float64, into *float64) {
	v, ok := parseShare(n.Value)
	switch {
	case !ok || n.Kind != yaml.ScalarNode:
		p.mistake(n, "write one like 12% or 0.12", "%s is %s, not a number or a percentage", what, kindOf(n))
	case v < least:
		p.mistake(n, "", "%s is %s; it must be at least %v", what, n.Value, least)
	default:
		*into = v
	}
}

func (p *scenarioParser) text(n *yaml.Node, what string, into *string) {
	if n.Kind != yaml.ScalarNode || n.Value == "" || n.ShortTag() == "!!null" {
		p.mistake(n, "", "%s is %s; it takes a text", what, kindOf(n))
		return
	}
	*into = n.Value
}

// template compiles a template; where it is written as a block its mistakes are at their own lines.
func (p *scenarioParser) template(n *yaml.Node, what string, raw bool) *Template {
	if n.Kind != yaml.ScalarNode {
		p.mistake(n, "put it into quotes, or below "+what+": | with its lines indented", "%s is %s, not text", what, kindOf(n))
		return nil
	}
	t, err := Compile(n.Value, Options{RequireJSON: !raw})
	if err == nil {
		return t
	}
	at := *n
	hint := ""
	if wrong := (*TemplateError)(nil); errors.As(err, &wrong) {
		err, hint = errors.New(wrong.Msg), wrong.Hint
		if n.Style&yaml.LiteralStyle != 0 {
			at.Line, at.Column = n.Line+wrong.Line, 0 // the column is not known: the block's indentation is gone
		} else {
			err = fmt.Errorf("at byte %d: %s", wrong.Offset+1, wrong.Msg)
		}
	}
	p.mistake(&at, hint, "%s: %v", what, err)
	return nil
}

// resolve returns what an alias stands for.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		if len(n.Content) == 0 {
			return "empty"
		}
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if n.ShortTag() == "!!null" {
		return "empty"
	}
	return fmt.Sprintf("%q", n.Value)
}

func keyNames(keys []key) string {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	return strings.Join(names, ", ")
}

func didYouMean(name string, keys []key) string {
	best, bestDistance := "", 1+len(name)/3
	for _, k := range keys {
		if d := editDistance(strings.ToLower(name), k.name); d < bestDistance {
			best, bestDistance = k.name, d
		}
	}
	if best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "there are " + keyNames(keys)
}
