package stack

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/weirsql/weir/diag/yamlfile"
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

// parser goes on after a mistake.
type parser struct {
	*yamlfile.File
	env   Environment
	stack *Stack
}

// Parse reads a stack: a CloudFormation template if it has Resources, else weir's own form, which docs/stack.md describes. The
// error joins an *Error for every mistake, in the order of the file.
func Parse(file string, text []byte, env Environment) (*Stack, error) {
	f, root, err := yamlfile.Parse(file, text)
	if err != nil {
		return nil, err
	}
	if root == nil {
		return nil, &Error{File: file, Msg: "the stack is empty", Hint: "it needs streams or topics, or the Resources of a CloudFormation template"}
	}
	p := &parser{File: f, env: env, stack: &Stack{File: file}}
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

// own reads weir's form.
func (p *parser) own(root *yaml.Node) {
	p.Mapping(root, "a stack", []yamlfile.Key{
		yamlfile.Optional("streams", func(n *yaml.Node) { p.Each(n, "streams", p.ownStream) }),
		yamlfile.Optional("topics", func(n *yaml.Node) { p.Each(n, "topics", p.ownTopic) }),
	})
}

var streamName = regexp.MustCompile(`\A[a-zA-Z0-9_.-]{1,128}\z`)

func (p *parser) ownStream(n *yaml.Node) {
	r := &Resource{Kind: Stream, Line: n.Line, Shards: 1}
	var consumers *yaml.Node
	shards := false
	if n.Kind == yaml.ScalarNode {
		r.Name = n.Value
	} else if !p.Mapping(n, "a stream", []yamlfile.Key{
		yamlfile.Optional("name", func(n *yaml.Node) { r.Name = p.text(n, "name") }),
		yamlfile.Optional("shards", func(n *yaml.Node) { r.Shards, shards = p.whole(n, "shards", 1, 100000), true }),
		yamlfile.Optional("mode", func(n *yaml.Node) {
			switch mode := p.text(n, "mode"); mode {
			case "on-demand":
				r.OnDemand = true
			case "provisioned", "":
			default:
				p.Mistake(n, "it is provisioned or on-demand", "mode is %q", mode)
			}
		}),
		yamlfile.Optional("retention", func(n *yaml.Node) { r.RetentionHours = p.hours(n) }),
		yamlfile.Optional("tags", func(n *yaml.Node) { r.Tags = p.texts(n, "tags") }),
		yamlfile.Optional("consumers", func(n *yaml.Node) { consumers = n }),
	}) {
		return
	}
	if r.OnDemand {
		if r.Shards = 0; shards {
			p.Mistake(n, "leave out shards or mode", "stream %s is on-demand, which has no number of shards", r.Name)
		}
	}
	if !p.named(n, r, streamName, "1 to 128 letters, digits, _, - and .") || consumers == nil {
		return
	}
	p.Each(consumers, "consumers", func(n *yaml.Node) {
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
	} else if !p.Mapping(n, "a topic", []yamlfile.Key{
		yamlfile.Optional("name", func(n *yaml.Node) { r.Name = p.text(n, "name") }),
		yamlfile.Optional("display-name", func(n *yaml.Node) { r.Attributes["DisplayName"] = p.text(n, "display-name") }),
		yamlfile.Optional("content-based-deduplication", func(n *yaml.Node) {
			r.Attributes["ContentBasedDeduplication"] = p.truth(n, "content-based-deduplication")
		}),
		yamlfile.Optional("signature-version", func(n *yaml.Node) { r.Attributes["SignatureVersion"] = p.text(n, "signature-version") }),
		yamlfile.Optional("tags", func(n *yaml.Node) { r.Tags = p.texts(n, "tags") }),
		yamlfile.Optional("subscriptions", func(n *yaml.Node) { subscriptions = n }),
	}) {
		return
	}
	if strings.HasSuffix(r.Name, ".fifo") {
		r.Attributes["FifoTopic"] = "true"
	}
	if !p.named(n, r, topicName, "1 to 256 letters, digits, _ and -, and .fifo at the end of a FIFO topic's") || subscriptions == nil {
		return
	}
	p.Each(subscriptions, "subscriptions", func(n *yaml.Node) { p.ownSubscription(n, r.Name) })
}

var protocols = []string{"application", "email", "email-json", "firehose", "http", "https", "lambda", "sms", "sqs"}

func (p *parser) ownSubscription(n *yaml.Node, topic string) {
	r := &Resource{Kind: Subscription, Line: n.Line, Parent: topic, Attributes: map[string]string{}}
	keys := []yamlfile.Key{
		yamlfile.Optional("filter", func(n *yaml.Node) { r.Attributes["FilterPolicy"] = p.json(n, "filter") }),
		yamlfile.Optional("filter-scope", func(n *yaml.Node) {
			switch scope := p.text(n, "filter-scope"); scope {
			case "attributes":
				r.Attributes["FilterPolicyScope"] = "MessageAttributes"
			case "body":
				r.Attributes["FilterPolicyScope"] = "MessageBody"
			default:
				p.Mistake(n, "it is attributes or body", "filter-scope is %q", scope)
			}
		}),
		yamlfile.Optional("raw", func(n *yaml.Node) { r.Attributes["RawMessageDelivery"] = p.truth(n, "raw") }),
		yamlfile.Optional("delivery", func(n *yaml.Node) { r.Attributes["DeliveryPolicy"] = p.json(n, "delivery") }),
	}
	for _, protocol := range protocols {
		keys = append(keys, yamlfile.Optional(protocol, func(n *yaml.Node) {
			if r.Protocol != "" {
				p.Mistake(n, "make it two subscriptions", "a subscription to %s and to %s", r.Protocol, protocol)
			}
			r.Protocol, r.Name = protocol, p.text(n, protocol)
		}))
	}
	if !p.Mapping(n, "a subscription", keys) {
		return
	}
	if r.Protocol == "" {
		p.Mistake(n, "write it like email: ops@example.com", "a subscription without a protocol; it is one of %s", strings.Join(protocols, ", "))
		return
	}
	p.stack.Resources = append(p.stack.Resources, r)
}

// named checks a resource's name and adds it to the stack.
func (p *parser) named(n *yaml.Node, r *Resource, pattern *regexp.Regexp, takes string) bool {
	switch {
	case r.Name == "":
		p.Mistake(n, "", "a %s without a name", r.Kind)
	case !pattern.MatchString(r.Name):
		p.Mistake(n, "it takes "+takes, "%q is no name of a %s", r.Name, r.Kind)
	default:
		p.stack.Resources = append(p.stack.Resources, r)
		return true
	}
	return false
}

func (p *parser) text(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		p.Mistake(n, "", "%s is %s, not a text", what, yamlfile.Kind(n))
		return ""
	}
	return n.Value
}

func (p *parser) whole(n *yaml.Node, what string, least, most int64) int32 {
	v, err := strconv.ParseInt(n.Value, 10, 32)
	if n.Kind != yaml.ScalarNode || err != nil || v < least || v > most {
		p.Mistake(n, "", "%s is %s, not a whole number from %d to %d", what, yamlfile.Kind(n), least, most)
	}
	return int32(v)
}

func (p *parser) truth(n *yaml.Node, what string) string {
	v, err := strconv.ParseBool(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		p.Mistake(n, "", "%s is %s, not true or false", what, yamlfile.Kind(n))
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
		p.Mistake(n, "write one like 48h or 7d", "retention is %s, not whole hours from 24h to 365d", yamlfile.Kind(n))
		return 0
	}
	return int32(d / time.Hour)
}

func (p *parser) texts(n *yaml.Node, what string) map[string]string {
	out := map[string]string{}
	if n.Kind != yaml.MappingNode {
		p.Mistake(n, "write them like team: ops", "%s is %s, not keys with values", what, yamlfile.Kind(n))
		return out
	}
	for i := 0; i < len(n.Content); i += 2 {
		out[n.Content[i].Value] = p.text(yamlfile.Resolve(n.Content[i+1]), n.Content[i].Value)
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
		p.Mistake(n, "", "%s is %s, not keys with values", what, yamlfile.Kind(n))
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		p.Mistake(n, "", "%s: %v", what, err)
	}
	return string(b)
}

// member is the value at a key of a mapping, or nil.
func member(n *yaml.Node, name string) *yaml.Node {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return yamlfile.Resolve(n.Content[i+1])
		}
	}
	return nil
}

// lastOf is the name at the end of an ARN, or the name itself.
func lastOf(arn string) string {
	if !strings.HasPrefix(arn, "arn:") {
		return arn
	}
	return arn[strings.LastIndexAny(arn, ":/")+1:]
}
