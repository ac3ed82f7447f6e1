package stack

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/weirsql/weir/diag"
)

// Environment is where a stack is to be made; templates can ask for it.
type Environment struct {
	Name    string                 // of the stack, for the names of resources that have none
	Region  string                 // of AWS
	Account func() (string, error) // called if need be
	Params  map[string]string      // of a template
	// Remembered are the parameters of before, which count where Params has none. The template may have lost some.
	Remembered map[string]string
}

// parser collects mistakes and goes on, so that one look at the file mends them all.
type parser struct {
	file     string
	env      Environment
	stack    *Stack
	mistakes []*Error
}

// Parse reads a stack: a CloudFormation template if it has Resources, else weir's own form, which docs/stack.md describes. The
// error joins an *Error for every mistake, in the order of the file.
func Parse(file string, text []byte, env Environment) (*Stack, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		e := &Error{File: file, Msg: err.Error()}
		if at := (*yaml.LoadError)(nil); errors.As(err, &at) {
			e.Line, e.Column, e.Msg = at.Mark.Line, at.Mark.Column, "neither YAML nor JSON: "+at.Message
		}
		return nil, e
	}
	if len(document.Content) == 0 {
		return nil, &Error{File: file, Msg: "the stack is empty", Hint: "it needs streams or topics, or the Resources of a CloudFormation template"}
	}
	root := resolve(document.Content[0])
	p := &parser{file: file, env: env, stack: &Stack{File: file}}
	if member(root, "Resources") != nil || member(root, "AWSTemplateFormatVersion") != nil {
		p.template(root)
		return p.finish()
	}
	if len(env.Params) > 0 {
		return nil, &Error{File: file, Msg: "parameters are for CloudFormation templates, which this file is not"}
	}
	p.own(root)
	return p.finish()
}

func (p *parser) mistake(n *yaml.Node, hint, format string, args ...any) {
	p.mistakes = append(p.mistakes, &Error{p.file, n.Line, n.Column, fmt.Sprintf(format, args...), hint})
}

// key is what may stand in a mapping.
type key struct {
	name string
	read func(*yaml.Node)
}

// own reads weir's form.
func (p *parser) own(root *yaml.Node) {
	p.mapping(root, "a stack", []key{
		{"streams", func(n *yaml.Node) { p.each(n, "streams", p.ownStream) }},
		{"topics", func(n *yaml.Node) { p.each(n, "topics", p.ownTopic) }},
	})
}

var streamName = regexp.MustCompile(`\A[a-zA-Z0-9_.-]{1,128}\z`)

func (p *parser) ownStream(n *yaml.Node) {
	r := &Resource{Kind: Stream, Line: n.Line, Shards: 1}
	var consumers *yaml.Node
	shards := false
	if n.Kind == yaml.ScalarNode {
		r.Name = n.Value
	} else if !p.mapping(n, "a stream", []key{
		{"name", func(n *yaml.Node) { r.Name = p.text(n, "name") }},
		{"shards", func(n *yaml.Node) { r.Shards, shards = p.whole(n, "shards", 1, 100000), true }},
		{"mode", func(n *yaml.Node) {
			switch mode := p.text(n, "mode"); mode {
			case "on-demand":
				r.OnDemand = true
			case "provisioned", "":
			default:
				p.mistake(n, "it is provisioned or on-demand", "mode is %q", mode)
			}
		}},
		{"retention", func(n *yaml.Node) { r.RetentionHours = p.hours(n) }},
		{"tags", func(n *yaml.Node) { r.Tags = p.texts(n, "tags") }},
		{"consumers", func(n *yaml.Node) { consumers = n }},
	}) {
		return
	}
	if r.OnDemand {
		if r.Shards = 0; shards {
			p.mistake(n, "leave out shards or mode", "stream %s is on-demand, which has no number of shards", r.Name)
		}
	}
	if !p.named(n, r, streamName, "1 to 128 letters, digits, _, - and .") || consumers == nil {
		return
	}
	p.each(consumers, "consumers", func(n *yaml.Node) {
		c := &Resource{Kind: Consumer, Line: n.Line, Name: p.text(n, "a consumer"), Parent: r.Name}
		p.named(n, c, streamName, "1 to 128 letters, digits, _, - and .")
	})
}

var topicName = regexp.MustCompile(`\A[a-zA-Z0-9_-]{1,256}(\.fifo)?\z`)

func (p *parser) ownTopic(n *yaml.Node) {
	r := &Resource{Kind: Topic, Line: n.Line, Attributes: map[string]string{}}
	var subscriptions *yaml.Node
	if n.Kind == yaml.ScalarNode {
		r.Name = n.Value
	} else if !p.mapping(n, "a topic", []key{
		{"name", func(n *yaml.Node) { r.Name = p.text(n, "name") }},
		{"display-name", func(n *yaml.Node) { r.Attributes["DisplayName"] = p.text(n, "display-name") }},
		{"content-based-deduplication", func(n *yaml.Node) {
			r.Attributes["ContentBasedDeduplication"] = p.truth(n, "content-based-deduplication")
		}},
		{"signature-version", func(n *yaml.Node) { r.Attributes["SignatureVersion"] = p.text(n, "signature-version") }},
		{"tags", func(n *yaml.Node) { r.Tags = p.texts(n, "tags") }},
		{"subscriptions", func(n *yaml.Node) { subscriptions = n }},
	}) {
		return
	}
	if strings.HasSuffix(r.Name, ".fifo") {
		r.Attributes["FifoTopic"] = "true"
	}
	if !p.named(n, r, topicName, "1 to 256 letters, digits, _ and -, and .fifo at the end of a FIFO topic's") || subscriptions == nil {
		return
	}
	p.each(subscriptions, "subscriptions", func(n *yaml.Node) { p.ownSubscription(n, r.Name) })
}

var protocols = []string{"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}

func (p *parser) ownSubscription(n *yaml.Node, topic string) {
	r := &Resource{Kind: Subscription, Line: n.Line, Parent: topic, Attributes: map[string]string{}}
	keys := []key{
		{"filter", func(n *yaml.Node) { r.Attributes["FilterPolicy"] = p.json(n, "filter") }},
		{"filter-scope", func(n *yaml.Node) {
			switch scope := p.text(n, "filter-scope"); scope {
			case "attributes":
				r.Attributes["FilterPolicyScope"] = "MessageAttributes"
			case "body":
				r.Attributes["FilterPolicyScope"] = "MessageBody"
			default:
				p.mistake(n, "it is attributes or body", "filter-scope is %q", scope)
			}
		}},
		{"raw", func(n *yaml.Node) { r.Attributes["RawMessageDelivery"] = p.truth(n, "raw") }},
		{"delivery", func(n *yaml.Node) { r.Attributes["DeliveryPolicy"] = p.json(n, "delivery") }},
	}
	for _, protocol := range protocols {
		keys = append(keys, key{protocol, func(n *yaml.Node) {
			if r.Protocol != "" {
				p.mistake(n, "make it two subscriptions", "a subscription to %s and to %s", r.Protocol, protocol)
			}
			r.Protocol, r.Name = protocol, p.text(n, protocol)
		}})
	}
	if !p.mapping(n, "a subscription", keys) {
		return
	}
	if r.Protocol == "" {
		p.mistake(n, "write it like email: ops@example.com", "a subscription without a protocol; it is one of %s", strings.Join(protocols, ", "))
		return
	}
	p.stack.Resources = append(p.stack.Resources, r)
}

// named checks a resource's name and adds it to the stack.
func (p *parser) named(n *yaml.Node, r *Resource, pattern *regexp.Regexp, takes string) bool {
	switch {
	case r.Name == "":
		p.mistake(n, "", "a %s without a name", r.Kind)
	case !pattern.MatchString(r.Name):
		p.mistake(n, "it takes "+takes, "%q is no name of a %s", r.Name, r.Kind)
	default:
		p.stack.Resources = append(p.stack.Resources, r)
		return true
	}
	return false
}

// mapping reads the keys of a mapping and tells what is unknown or twice there. It is false if there is no mapping.
func (p *parser) mapping(n *yaml.Node, what string, keys []key) bool {
	var names []string
	for _, k := range keys {
		names = append(names, k.name)
	}
	if n.Kind != yaml.MappingNode {
		p.mistake(n, "it takes "+strings.Join(names, ", "), "%s is %s, not keys with values", what, kindOf(n))
		return false
	}
	seen := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], resolve(n.Content[i+1])
		at := slices.Index(names, name.Value)
		switch {
		case at < 0:
			p.mistake(name, didYouMean(name.Value, names), "unknown key %q in %s", name.Value, what)
		case seen[name.Value]:
			p.mistake(name, "leave one of them out", "the key %q stands twice in %s", name.Value, what)
		default:
			keys[at].read(value)
		}
		seen[name.Value] = true
	}
	return true
}

func (p *parser) each(n *yaml.Node, what string, f func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		p.mistake(n, "begin each with a dash", "%s is %s, not a list", what, kindOf(n))
		return
	}
	for _, element := range n.Content {
		f(resolve(element))
	}
}

func (p *parser) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		p.mistake(n, "", "%s is %s, not a text", what, kindOf(n))
		return ""
	}
	return n.Value
}

func (p *parser) whole(n *yaml.Node, what string, least, most int64) int32 {
	v, err := strconv.ParseInt(n.Value, 10, 32)
	if n.Kind != yaml.ScalarNode || err != nil || v < least || v > most {
		p.mistake(n, "", "%s is %s, not a whole number from %d to %d", what, kindOf(n), least, most)
	}
	return int32(v)
}

func (p *parser) truth(n *yaml.Node, what string) string {
	v, err := strconv.ParseBool(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		p.mistake(n, "", "%s is %s, not true or false", what, kindOf(n))
	}
	return strconv.FormatBool(v)
}

// hours reads a retention: 48h, or 7d.
func (p *parser) hours(n *yaml.Node) int32 {
	text := n.Value
	d, err := time.ParseDuration(text)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		var count int
		count, err = strconv.Atoi(days)
		d = time.Duration(count) * 24 * time.Hour
	}
	if n.Kind != yaml.ScalarNode || err != nil || d%time.Hour != 0 || d < 24*time.Hour || d > 8760*time.Hour {
		p.mistake(n, "write one like 48h or 7d", "retention is %s, not whole hours from 24h to 365d", kindOf(n))
		return 0
	}
	return int32(d / time.Hour)
}

func (p *parser) texts(n *yaml.Node, what string) map[string]string {
	out := map[string]string{}
	if n.Kind != yaml.MappingNode {
		p.mistake(n, "write them like team: ops", "%s is %s, not keys with values", what, kindOf(n))
		return out
	}
	for i := 0; i < len(n.Content); i += 2 {
		out[n.Content[i].Value] = p.text(resolve(n.Content[i+1]), n.Content[i].Value)
	}
	return out
}

// json is a mapping, or the JSON text of one, as JSON.
func (p *parser) json(n *yaml.Node, what string) string {
	if n.Kind == yaml.ScalarNode && json.Valid([]byte(n.Value)) {
		return n.Value
	}
	var v any
	if n.Kind != yaml.MappingNode || n.Decode(&v) != nil {
		p.mistake(n, "", "%s is %s, not keys with values", what, kindOf(n))
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		p.mistake(n, "", "%s: %v", what, err)
	}
	return string(b)
}

func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// member is the value at a key of a mapping, or nil.
func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return resolve(n.Content[i+1])
		}
	}
	return nil
}

func kindOf(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "keys with values"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "empty"
	}
	return strconv.Quote(n.Value)
}

func didYouMean(name string, names []string) string {
	if near := diag.Suggest(name, names); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "it takes " + strings.Join(names, ", ")
}

// lastOf is the name at the end of an ARN, or the name itself.
func lastOf(arn string) string {
	if !strings.HasPrefix(arn, "arn:") {
		return arn
	}
	return arn[strings.LastIndexAny(arn, ":/")+1:]
}
