package generator

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/weirsql/weir/diag/yamlfile"
)

// ScenarioError is a mistake in a scenario file. Its text leads with file, line and column.
type ScenarioError = yamlfile.Error

// ParseScenario reads a scenario from YAML; docs/generate.md describes the format. A file without a start begins now, one
// without a seed has seed 42. The error joins a *ScenarioError for every mistake, in the order of the file.
func ParseScenario(file string, text []byte, now time.Time) (*Scenario, error) {
	f, root, err := yamlfile.Parse(file, text)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, &ScenarioError{File: file, Msg: "the scenario is empty", Hint: "it needs at least traffic, with a stream, a template and a rate"}
	}
	p := &scenarioParser{File: f, scenario: &Scenario{Start: now.UTC().Truncate(tick), Seed: 42}}
	p.parse(root)
	if err := p.Err(); err != nil {
		return nil, err
	}
	return p.scenario, nil
}

// scenarioParser goes on after a mistake.
type scenarioParser struct {
	*yamlfile.File
	scenario *Scenario
	started  bool // the file has a start
}

func (p *scenarioParser) parse(root *yaml.Node) {
	var traffic, changes *yaml.Node
	seconds := func(into *time.Duration) func(*yaml.Node) { return func(n *yaml.Node) { p.duration(n, into) } }
	p.Mapping(root, "a scenario", []yamlfile.Key{
		yamlfile.Optional("start", p.start),
		yamlfile.Optional("for", seconds(&p.scenario.For)),
		yamlfile.Optional("cycle", func(n *yaml.Node) {
			before := p.Mistakes()
			p.duration(n, &p.scenario.cycle)
			if p.scenario.cycle == 0 && p.Mistakes() == before {
				p.Mistake(n, "write how long a day of the rates takes, like 10m", "cycle is %q, no time", n.Value)
			}
		}),
		yamlfile.Optional("seed", func(n *yaml.Node) {
			if n.Decode(&p.scenario.Seed) != nil || n.ShortTag() != "!!int" {
				p.Mistake(n, "write one like 42", "seed is %q, not a whole number", n.Value)
			}
		}),
		yamlfile.Required("traffic", func(n *yaml.Node) { traffic = n }),
		yamlfile.Optional("changes", func(n *yaml.Node) { changes = n }),
	})
	// What others refer to is read first, wherever it stands in the file.
	if traffic != nil {
		p.traffic(traffic)
	}
	if changes != nil {
		p.changes(changes)
	}
	if p.Mistakes() > 0 {
		return
	}
	// Without a length the command line gives one, and the check is made when a Player is.
	if p.scenario.For > 0 {
		if err := p.scenario.Check(); err != nil {
			p.Mistake(root, "", "%v", err)
		}
	}
}

func (p *scenarioParser) start(n *yaml.Node) {
	t, ok := parseTime(n.Value)
	if !ok || n.Kind != yaml.ScalarNode {
		p.Mistake(n, "write one in UTC like 2024-05-06 00:00:00", "start is %s, not a time", yamlfile.Kind(n))
		return
	}
	if t.Unix() < 0 {
		p.Mistake(n, "", "start is %s, before 1970", n.Value)
		return
	}
	p.scenario.Start, p.started = t, true
}

func (p *scenarioParser) traffic(n *yaml.Node) {
	s := p.scenario
	of := map[*traffic]*yaml.Node{}
	p.Entries(n, "traffic", "name each kind of records: traffic: {clicks: {…}}", func(name, value *yaml.Node) {
		t := &traffic{number: len(s.traffic), name: name.Value, weekly: [7]float64{1, 1, 1, 1, 1, 1, 1}}
		raw := false
		var template, rate, reference *yaml.Node
		p.Mapping(value, "the traffic "+t.name, []yamlfile.Key{
			yamlfile.Required("stream", func(n *yaml.Node) { p.text(n, "stream", &t.stream) }),
			yamlfile.Required("template", func(n *yaml.Node) { template = n }),
			yamlfile.Optional("partition-key", func(n *yaml.Node) { t.partitionKey = p.template(n, "partition-key", true) }),
			yamlfile.Optional("raw", func(n *yaml.Node) {
				if n.Decode(&raw) != nil || n.ShortTag() != "!!bool" {
					p.Mistake(n, "", "raw is %s; it takes true or false", yamlfile.Kind(n))
				}
			}),
			yamlfile.Optional("of", func(n *yaml.Node) { reference = n }),
			yamlfile.Required("rate", func(n *yaml.Node) { rate = n }),
			yamlfile.Optional("arrivals", func(n *yaml.Node) {
				if t.even = n.Value == "even"; !t.even && n.Value != "random" {
					p.Mistake(n, "", "arrivals is %s; it takes random or even", yamlfile.Kind(n))
				}
			}),
			yamlfile.Optional("daily", func(n *yaml.Node) { p.daily(n, t) }),
			yamlfile.Optional("weekly", func(n *yaml.Node) { p.weekly(n, t) }),
			yamlfile.Optional("trend", func(n *yaml.Node) { p.share(n, "trend", -1, &t.trend) }),
			yamlfile.Optional("noise", func(n *yaml.Node) {
				if p.share(n, "noise", 0, &t.noise); t.noise > 1 {
					p.Mistake(n, "", "noise is %s; it must be at most 100%%", n.Value)
				}
			}),
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
				p.Mistake(of[t], "one of them needs a rate of its own", "the traffic %s follows itself", t.name)
				return
			}
		}
	}
}

// find returns the traffic that a node names, or nil.
func (p *scenarioParser) find(n *yaml.Node, what string) *traffic {
	var names []string
	for _, t := range p.scenario.traffic {
		if t.name == n.Value {
			return t
		}
		names = append(names, t.name)
	}
	p.Mistake(n, yamlfile.Suggest(n.Value, names), "%s names the traffic %q, which isn't in the file", what, n.Value)
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
	before := p.Mistakes()
	p.Entries(n, "daily", hint, func(name, value *yaml.Node) {
		days, ok := parseDays(name.Value)
		if !ok {
			p.Mistake(name, hint, "%q is neither a day nor days like mon-fri", name.Value)
			return
		}
		for _, day := range days {
			if of[day] {
				p.Mistake(name, "leave one of them out", "daily has two lists of hours for %s", dayNames[day])
				return
			}
			of[day] = true
		}
		p.hours(value, "daily of "+name.Value, hint, t, days)
	})
	for day, there := range of {
		if !there && p.Mistakes() == before {
			p.Mistake(n, "days without hours of their own have no rate", "daily has no hours for %s", dayNames[day])
			return
		}
	}
}

// hours reads factors by hour, and takes them for each of the days.
func (p *scenarioParser) hours(n *yaml.Node, what, hint string, t *traffic, days []int) {
	seen := map[float64]bool{}
	p.Entries(n, what, hint, func(name, value *yaml.Node) {
		var at atHour
		hour, ok := parseHour(name.Value)
		if !ok {
			p.Mistake(name, hint, "%q is not an hour from 0 to 23, nor a time like 18:30", name.Value)
			return
		}
		if seen[hour] {
			p.Mistake(name, "leave one of them out", "%s has two factors for the same time", what)
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
	p.Entries(n, "weekly", "write factors by day: {sat: 80%, sun: 70%}", func(name, value *yaml.Node) {
		day := slices.Index(dayNames, name.Value)
		if day < 0 {
			p.Mistake(name, "the days are "+strings.Join(dayNames, ", "), "%q is not a day", name.Value)
			return
		}
		p.share(value, "weekly", 0, &t.weekly[day])
	})
}

func (p *scenarioParser) changes(n *yaml.Node) {
	if n.Kind != yaml.SequenceNode {
		p.Mistake(n, "begin each change with a dash", "changes is %s, not a list", yamlfile.Kind(n))
		return
	}
	for _, item := range n.Content {
		p.change(yamlfile.Resolve(item))
	}
}

func (p *scenarioParser) change(n *yaml.Node) {
	c := &change{}
	var at, factor, add, template *yaml.Node
	seconds := func(into *time.Duration) func(*yaml.Node) { return func(n *yaml.Node) { p.duration(n, into) } }
	before := p.Mistakes()
	p.Mapping(n, "a change", []yamlfile.Key{
		yamlfile.Required("traffic", func(n *yaml.Node) { c.traffic = p.find(n, "traffic") }),
		yamlfile.Required("at", func(n *yaml.Node) { at = n }),
		yamlfile.Required("for", seconds(&c.length)),
		yamlfile.Optional("every", seconds(&c.every)),
		yamlfile.Optional("jitter", seconds(&c.jitter)),
		yamlfile.Optional("rise", seconds(&c.rise)),
		yamlfile.Optional("fall", seconds(&c.fall)),
		yamlfile.Optional("factor", func(n *yaml.Node) { factor = n; p.share(n, "factor", 0, &c.factor) }),
		yamlfile.Optional("add", func(n *yaml.Node) { add, c.added = n, true; p.rate(n, "add", &c.add) }),
		yamlfile.Optional("template", func(n *yaml.Node) { template = n }),
		yamlfile.Optional("label", func(n *yaml.Node) { p.text(n, "label", &c.label) }),
	})
	if at != nil {
		p.when(at, &c.at)
	}
	if template != nil {
		c.template = p.template(template, "template", false)
	}
	if p.Mistakes() > before {
		return
	}
	switch {
	case (factor == nil) == (add == nil):
		p.Mistake(n, "factor: 200% doubles the rate, add: 3/s adds records", "a change takes either a factor or what to add")
	case template != nil && add == nil:
		p.Mistake(template, "give the change an add: with the rate of these records", "a template is for records that a change adds, and this one has a factor")
	case c.length == 0:
		p.Mistake(n, "", "a change lasts at least a second")
	case c.rise+c.fall > c.length:
		p.Mistake(n, "", "the change takes %s to rise and %s to fall, longer than the %s it lasts", durationText(c.rise), durationText(c.fall), durationText(c.length))
	case c.every > 0 && c.every < c.length+c.jitter:
		p.Mistake(n, "make every at least for and jitter together", "the change may begin again before it has ended: every %s, for %s, jitter %s",
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
		p.Mistake(n, "give the scenario a start:, or write the time since it like 1d6h", "a moment has no meaning in a scenario without a start")
	case *into < 0:
		p.Mistake(n, "", "the moment %s lies before the start of the scenario, %s", n.Value, p.scenario.Start.Format(time.DateTime))
	}
}

func (p *scenarioParser) duration(n *yaml.Node, into *time.Duration) {
	d, err := parseDuration(n.Value)
	if err != nil || n.Kind != yaml.ScalarNode {
		p.Mistake(n, "write one like 90s, 15m or 1d12h", "%s is not a time in whole days, hours, minutes and seconds", yamlfile.Kind(n))
		return
	}
	*into = d
}

func (p *scenarioParser) rate(n *yaml.Node, what string, into *float64) {
	rate, ok := parseRate(n.Value)
	if !ok || n.Kind != yaml.ScalarNode {
		p.Mistake(n, "write one like 5, 5/s, 300/m or 1000/h", "%s is %s, not a number of records per time", what, yamlfile.Kind(n))
		return
	}
	*into = rate
}

// share reads a factor: 1.5 or 150%.
func (p *scenarioParser) share(n *yaml.Node, what string, least float64, into *float64) {
	v, ok := parseShare(n.Value)
	switch {
	case !ok || n.Kind != yaml.ScalarNode:
		p.Mistake(n, "write one like 12% or 0.12", "%s is %s, not a number or a percentage", what, yamlfile.Kind(n))
	case v < least:
		p.Mistake(n, "", "%s is %s; it must be at least %v", what, n.Value, least)
	default:
		*into = v
	}
}

func (p *scenarioParser) text(n *yaml.Node, what string, into *string) {
	if n.Kind != yaml.ScalarNode || n.Value == "" || n.ShortTag() == "!!null" {
		p.Mistake(n, "", "%s is %s; it takes a text", what, yamlfile.Kind(n))
		return
	}
	*into = n.Value
}

// template compiles a template; where it is written as a block its mistakes are at their own lines.
func (p *scenarioParser) template(n *yaml.Node, what string, raw bool) *Template {
	if n.Kind != yaml.ScalarNode {
		p.Mistake(n, "put it into quotes, or below "+what+": | with its lines indented", "%s is %s, not text", what, yamlfile.Kind(n))
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
	p.Mistake(&at, hint, "%s: %v", what, err)
	return nil
}
