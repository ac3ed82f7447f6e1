package stack

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/weirsql/weir/diag/yamlfile"
)

// CloudFormation templates:
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-reference.html
//
// Read are the properties of four types; values may be made by Ref, Sub, GetAtt, Join, Select, Split, If and FindInMap, in the
// long and the short form, and resources may have a Condition. What else the template has is not evaluated, so that it can use
// whatever CloudFormation has. A resource without a name gets STACK-LOGICALID, without the random end that CloudFormation
// gives it, or nothing would find it again.

// templateTypes reads a resource of each type.
var templateTypes = map[string]func(*templateReader, *yaml.Node, string){
	"AWS::Kinesis::Stream":         (*templateReader).stream,
	"AWS::Kinesis::StreamConsumer": (*templateReader).consumer,
	"AWS::SNS::Subscription":       (*templateReader).subscription,
	"AWS::SNS::Topic":              (*templateReader).topic,
}

type templateReader struct {
	*parser
	root      *yaml.Node
	resources *yaml.Node
	depth     int             // of evaluation
	values    int             // that have been evaluated
	wrong     map[string]bool // parameters
}

// maxDepth bounds what refers to what, and maxValues what aliases and references can multiply.
const (
	maxDepth  = 100
	maxValues = 100_000
)

func (p *parser) template(root *yaml.Node) {
	t := &templateReader{parser: p, root: root, resources: member(root, "Resources"), wrong: map[string]bool{}}
	declared := member(root, "Parameters")
	for _, name := range slices.Sorted(maps.Keys(p.env.Params)) {
		if member(declared, name) == nil {
			p.Add(&Error{Msg: fmt.Sprintf("the template has no parameter %q", name), Hint: yamlfile.Suggest(name, namesOf(declared))})
		}
	}
	for _, name := range namesOf(declared) {
		text, given := t.given(name)
		if secret, err := strconv.ParseBool(orEmpty(member(member(declared, name), "NoEcho")).Value); given && (err != nil || !secret) {
			if p.stack.Params == nil {
				p.stack.Params = map[string]string{}
			}
			p.stack.Params[name] = text
		}
	}
	if t.resources == nil || t.resources.Kind != yaml.MappingNode {
		p.Mistake(root, "", "the template has no Resources")
		return
	}
	for i := 0; i < len(t.resources.Content); i += 2 {
		id, r := t.resources.Content[i], yamlfile.Resolve(t.resources.Content[i+1])
		kind := member(r, "Type")
		if kind == nil {
			p.Mistake(id, "", "resource %s has no Type", id.Value)
			continue
		}
		read := templateTypes[kind.Value]
		if read == nil {
			p.stack.Notes = append(p.stack.Notes, Note{id.Line, fmt.Sprintf("%s (%s) is left alone", id.Value, kind.Value)})
			continue
		}
		if c := member(r, "Condition"); c != nil {
			holds, ok := t.condition(c)
			if ok && !holds {
				p.stack.Notes = append(p.stack.Notes, Note{id.Line, fmt.Sprintf("%s is left out by the condition %s", id.Value, c.Value)})
			}
			if !holds {
				continue
			}
		}
		properties := member(r, "Properties")
		if properties == nil {
			properties = &yaml.Node{Kind: yaml.MappingNode, Line: id.Line, Column: id.Column}
		}
		read(t, properties, id.Value)
	}
}

func namesOf(n *yaml.Node) (names []string) {
	if n != nil && n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			names = append(names, n.Content[i].Value)
		}
	}
	return names
}

// property is what may stand below Properties. read gets the value, evaluated, or nil: then the property is left alone.
type property struct {
	name string
	read func(n *yaml.Node, v any)
}

func (t *templateReader) properties(n *yaml.Node, id string, all []property) {
	var names []string
	for _, p := range all {
		names = append(names, p.name)
	}
	if n.Kind != yaml.MappingNode {
		t.Mistake(n, "", "the Properties of %s are %s, not keys with values", id, yamlfile.Kind(n))
		return
	}
	for i := 0; i < len(n.Content); i += 2 {
		name, value := n.Content[i], yamlfile.Resolve(n.Content[i+1])
		at := slices.Index(names, name.Value)
		switch {
		case at < 0:
			t.Mistake(name, yamlfile.Suggest(name.Value, names), "unknown property %q of %s", name.Value, id)
		case all[at].read == nil:
			t.stack.Notes = append(t.stack.Notes, Note{name.Line, fmt.Sprintf("property %s of %s is left alone", name.Value, id)})
		default:
			if v, ok := t.value(value); ok && v != noValue {
				all[at].read(value, v)
			}
		}
	}
}

// The readers of values into fields.

func (t *templateReader) into(field *string, what string) func(*yaml.Node, any) {
	return func(n *yaml.Node, v any) { *field = t.textOf(n, v, what) }
}

func (t *templateReader) number(field *int32, what string, least, most int32) func(*yaml.Node, any) {
	return func(n *yaml.Node, v any) {
		i, err := strconv.ParseInt(t.textOf(n, v, what), 10, 32)
		if err != nil || int32(i) < least || int32(i) > most {
			t.Mistake(n, "", "%s is not a whole number from %d to %d", what, least, most)
		}
		*field = int32(i)
	}
}

func (t *templateReader) attribute(r *Resource, name string) func(*yaml.Node, any) {
	return func(n *yaml.Node, v any) { r.Attributes[name] = t.textOf(n, v, name) }
}

// document is an attribute that is JSON.
func (t *templateReader) document(r *Resource, name string) func(*yaml.Node, any) {
	return func(n *yaml.Node, v any) {
		if text, ok := v.(string); ok {
			r.Attributes[name] = text
			return
		}
		b, err := json.Marshal(v)
		if err != nil {
			t.Mistake(n, "", "%s: %v", name, err)
		}
		r.Attributes[name] = string(b)
	}
}

func (t *templateReader) tags(r *Resource) func(*yaml.Node, any) {
	return func(n *yaml.Node, v any) {
		list, ok := v.([]any)
		if !ok {
			t.Mistake(n, "write each as Key and Value", "Tags is not a list")
			return
		}
		r.Tags = map[string]string{}
		for _, element := range list {
			tag, _ := element.(map[string]any)
			key, ok := tag["Key"].(string)
			if !ok || tag["Value"] == nil {
				t.Mistake(n, "", "a tag without Key or Value")
				continue
			}
			r.Tags[key] = fmt.Sprint(tag["Value"])
		}
	}
}

func (t *templateReader) stream(n *yaml.Node, id string) {
	r := &Resource{Kind: Stream, Line: n.Line, Name: t.physicalName(n, id)}
	var ignored string
	t.properties(n, id, []property{
		{"Name", t.into(&ignored, "Name")}, // read already
		{"ShardCount", t.number(&r.Shards, "ShardCount", 1, 100000)},
		{"RetentionPeriodHours", t.number(&r.RetentionHours, "RetentionPeriodHours", 24, 8760)},
		{"StreamModeDetails", func(n *yaml.Node, v any) {
			details, _ := v.(map[string]any)
			switch mode := details["StreamMode"]; mode {
			case "ON_DEMAND":
				r.OnDemand = true
			case "PROVISIONED":
			default:
				t.Mistake(n, "it is PROVISIONED or ON_DEMAND", "StreamMode is %v", mode)
			}
		}},
		{"Tags", t.tags(r)},
		{"DesiredShardLevelMetrics", nil}, {"MaxRecordSizeInKiB", nil}, {"StreamEncryption", nil}, {"WarmThroughputMiBps", nil},
	})
	if !r.OnDemand && r.Shards == 0 {
		r.Shards = 1
	}
	t.named(n, r, streamName, "1 to 128 letters, digits, _, - and .")
}

func (t *templateReader) consumer(n *yaml.Node, id string) {
	r := &Resource{Kind: Consumer, Line: n.Line, Name: t.physicalName(n, id)}
	var ignored string
	t.properties(n, id, []property{
		{"ConsumerName", t.into(&ignored, "ConsumerName")},
		{"StreamARN", t.into(&r.Parent, "StreamARN")},
		{"Tags", t.tags(r)},
	})
	if r.Parent == "" {
		t.Mistake(n, "", "%s has no StreamARN", id)
		return
	}
	t.named(n, r, streamName, "1 to 128 letters, digits, _, - and .")
}

func (t *templateReader) topic(n *yaml.Node, id string) {
	r := &Resource{Kind: Topic, Line: n.Line, Name: t.physicalName(n, id), Attributes: map[string]string{}}
	var ignored string
	t.properties(n, id, []property{
		{"TopicName", t.into(&ignored, "TopicName")},
		{"DisplayName", t.attribute(r, "DisplayName")},
		{"FifoTopic", t.attribute(r, "FifoTopic")},
		{"ContentBasedDeduplication", t.attribute(r, "ContentBasedDeduplication")},
		{"FifoThroughputScope", t.attribute(r, "FifoThroughputScope")},
		{"KmsMasterKeyId", t.attribute(r, "KmsMasterKeyId")},
		{"SignatureVersion", t.attribute(r, "SignatureVersion")},
		{"TracingConfig", t.attribute(r, "TracingConfig")},
		{"Subscription", func(n *yaml.Node, v any) { t.inline(n, v, r.Name) }},
		{"Tags", t.tags(r)},
		{"ArchivePolicy", nil}, {"DataProtectionPolicy", nil}, {"DeliveryStatusLogging", nil},
	})
	t.named(n, r, topicName, "1 to 256 letters, digits, _ and -, and .fifo at the end of a FIFO topic's")
}

// inline reads the subscriptions in a topic.
func (t *templateReader) inline(n *yaml.Node, v any, topic string) {
	list, ok := v.([]any)
	if !ok {
		t.Mistake(n, "", "Subscription is not a list")
	}
	for _, element := range list {
		m, _ := element.(map[string]any)
		protocol, _ := m["Protocol"].(string)
		endpoint, _ := m["Endpoint"].(string)
		if protocol == "" || endpoint == "" {
			t.Mistake(n, "", "a Subscription without Protocol or Endpoint")
			continue
		}
		t.stack.Resources = append(t.stack.Resources, &Resource{Kind: Subscription, Line: n.Line, Parent: topic, Protocol: protocol, Name: endpoint, Attributes: map[string]string{}})
	}
}

func (t *templateReader) subscription(n *yaml.Node, id string) {
	r := &Resource{Kind: Subscription, Line: n.Line, Attributes: map[string]string{}}
	t.properties(n, id, []property{
		{"TopicArn", t.into(&r.Parent, "TopicArn")},
		{"Protocol", t.into(&r.Protocol, "Protocol")},
		{"Endpoint", t.into(&r.Name, "Endpoint")},
		{"FilterPolicy", t.document(r, "FilterPolicy")},
		{"FilterPolicyScope", t.attribute(r, "FilterPolicyScope")},
		{"RawMessageDelivery", t.attribute(r, "RawMessageDelivery")},
		{"DeliveryPolicy", t.document(r, "DeliveryPolicy")},
		{"RedrivePolicy", t.document(r, "RedrivePolicy")},
		{"SubscriptionRoleArn", t.attribute(r, "SubscriptionRoleArn")},
		{"Region", nil}, {"ReplayPolicy", nil},
	})
	if r.Parent == "" || r.Protocol == "" || r.Name == "" {
		if t.Mistakes() == 0 {
			t.Mistake(n, "", "%s needs TopicArn, Protocol and Endpoint", id)
		}
		return
	}
	t.stack.Resources = append(t.stack.Resources, r)
}

// nameProperties have a resource's name.
var nameProperties = []string{"Name", "ConsumerName", "TopicName"}

// physicalName is the name that a resource has, or is given.
func (t *templateReader) physicalName(properties *yaml.Node, id string) string {
	for _, name := range nameProperties {
		if n := member(properties, name); n != nil {
			if v, ok := t.value(n); ok && v != noValue {
				return t.textOf(n, v, name)
			}
		}
	}
	name := t.env.Name + "-" + id
	if v, ok := t.value(orEmpty(member(properties, "FifoTopic"))); ok && fmt.Sprint(v) == "true" {
		name += ".fifo"
	}
	return name
}

func orEmpty(n *yaml.Node) *yaml.Node {
	if n == nil {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"}
	}
	return n
}

func (t *templateReader) textOf(n *yaml.Node, v any, what string) string {
	switch v := v.(type) {
	case string:
		return v
	case bool, int64, float64:
		return fmt.Sprint(v)
	}
	t.Mistake(n, "", "%s is not a text", what)
	return ""
}

// absent is AWS::NoValue: the property is as if it weren't there.
type absent struct{}

var noValue any = absent{}

// functions are the intrinsic functions, by the names of their short forms.
var functions map[string]func(*templateReader, *yaml.Node) (any, bool)

func init() { // they refer to each other
	functions = map[string]func(*templateReader, *yaml.Node) (any, bool){
		"FindInMap": (*templateReader).findInMap,
		"GetAtt":    (*templateReader).getAtt,
		"If":        (*templateReader).ifElse,
		"Join":      (*templateReader).join,
		"Ref":       (*templateReader).ref,
		"Select":    (*templateReader).selectOne,
		"Split":     (*templateReader).split,
		"Sub":       (*templateReader).sub,
	}
}

// function is the name of the function that a node calls, "" if none, and its argument.
func function(n *yaml.Node) (name string, argument *yaml.Node) {
	if tag := n.Tag; strings.HasPrefix(tag, "!") && !strings.HasPrefix(tag, "!!") {
		return tag[1:], n
	}
	if n.Kind == yaml.MappingNode && len(n.Content) == 2 {
		key := n.Content[0].Value
		if key == "Ref" || key == "Condition" {
			return key, yamlfile.Resolve(n.Content[1])
		}
		if name, ok := strings.CutPrefix(key, "Fn::"); ok {
			return name, yamlfile.Resolve(n.Content[1])
		}
	}
	return "", nil
}

// value evaluates a node. ok is false after a mistake.
func (t *templateReader) value(n *yaml.Node) (v any, ok bool) {
	if t.values++; t.values > maxValues {
		if t.values == maxValues+1 {
			t.Mistake(n, "", "the template has more than %d values", maxValues)
		}
		return nil, false
	}
	if t.depth++; t.depth > maxDepth {
		t.depth = 0
		t.Mistake(n, "", "values refer to each other in a circle, or are nested too deep")
		return nil, false
	}
	defer func() { t.depth = max(t.depth-1, 0) }()
	if name, argument := function(n); name != "" {
		f := functions[name]
		if f == nil {
			t.Mistake(n, yamlfile.Suggest(name, slices.Sorted(maps.Keys(functions))), "function %s is not supported here", name)
			return nil, false
		}
		return f(t, argument)
	}
	switch n.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		for i := 0; i < len(n.Content); i += 2 {
			v, ok := t.value(yamlfile.Resolve(n.Content[i+1]))
			if !ok {
				return nil, false
			}
			if v != noValue {
				out[n.Content[i].Value] = v
			}
		}
		return out, true
	case yaml.SequenceNode:
		out := []any{}
		for _, element := range n.Content {
			v, ok := t.value(yamlfile.Resolve(element))
			if !ok {
				return nil, false
			}
			if v != noValue {
				out = append(out, v)
			}
		}
		return out, true
	}
	switch n.ShortTag() {
	case "!!bool":
		var b bool
		if n.Decode(&b) == nil {
			return b, true
		}
	case "!!int":
		if i, err := strconv.ParseInt(n.Value, 10, 64); err == nil && strconv.FormatInt(i, 10) == n.Value {
			return i, true
		}
	case "!!float":
		if f, err := strconv.ParseFloat(n.Value, 64); err == nil {
			return f, true
		}
	case "!!null":
		return nil, true
	}
	return n.Value, true
}

// ref is a parameter, a pseudo parameter, or what a resource is known by.
func (t *templateReader) ref(n *yaml.Node) (any, bool) {
	name := n.Value
	if strings.HasPrefix(name, "AWS::") {
		return t.pseudo(n, name)
	}
	if p := member(member(t.root, "Parameters"), name); p != nil {
		return t.parameter(name, p)
	}
	if r := member(t.resources, name); r != nil {
		attribute := map[string]string{"AWS::Kinesis::Stream": "Name", "AWS::SNS::Topic": "TopicArn", "AWS::Kinesis::StreamConsumer": ""}[orEmpty(member(r, "Type")).Value]
		return t.attributeOf(n, name, attribute)
	}
	t.Mistake(n, yamlfile.Suggest(name, append(namesOf(member(t.root, "Parameters")), namesOf(t.resources)...)), "%q is neither a parameter nor a resource", name)
	return nil, false
}

func (t *templateReader) pseudo(n *yaml.Node, name string) (any, bool) {
	switch name {
	case "AWS::AccountId":
		account, err := t.env.Account()
		if err != nil {
			t.Mistake(n, "", "find the account: %v", err)
		}
		return account, err == nil
	case "AWS::NoValue":
		return noValue, true
	case "AWS::Partition":
		return "aws", true
	case "AWS::Region":
		return t.env.Region, true
	case "AWS::StackName":
		return t.env.Name, true
	case "AWS::URLSuffix":
		return "amazonaws.com", true
	}
	t.Mistake(n, yamlfile.Suggest(name, []string{"AWS::AccountId", "AWS::NoValue", "AWS::Partition", "AWS::Region", "AWS::StackName", "AWS::URLSuffix"}), "unknown pseudo parameter %q", name)
	return nil, false
}

// given is the value that a parameter was given, now or before.
func (t *templateReader) given(name string) (text string, ok bool) {
	if text, ok = t.env.Params[name]; !ok {
		text, ok = t.env.Remembered[name]
	}
	return text, ok
}

// parameter is a parameter's value. What is wrong with it is told once, where it is declared.
func (t *templateReader) parameter(name string, p *yaml.Node) (any, bool) {
	if t.wrong[name] {
		return nil, false
	}
	wrong := func(hint, format string, args ...any) (any, bool) {
		t.wrong[name] = true
		t.Mistake(p, hint, format, args...)
		return nil, false
	}
	text, given := t.given(name)
	if !given {
		d := member(p, "Default")
		if d == nil {
			return wrong("give it with --param "+name+"=VALUE", "parameter %q has no value", name)
		}
		text = d.Value
	}
	if allowed := member(p, "AllowedValues"); allowed != nil {
		var values []string
		for _, v := range allowed.Content {
			values = append(values, yamlfile.Resolve(v).Value)
		}
		if !slices.Contains(values, text) {
			return wrong("it is one of "+strings.Join(values, ", "), "parameter %q is %q", name, text)
		}
	}
	if pattern := member(p, "AllowedPattern"); pattern != nil {
		// Patterns are Java's; one that Go doesn't know is for CloudFormation to check.
		if re, err := regexp.Compile(`\A(?:` + pattern.Value + `)\z`); err == nil && !re.MatchString(text) {
			return wrong("it must match "+pattern.Value, "parameter %q is %q", name, text)
		}
	}
	if kind := orEmpty(member(p, "Type")).Value; kind == "CommaDelimitedList" || strings.HasPrefix(kind, "List<") {
		list := []any{}
		for _, s := range strings.Split(text, ",") {
			list = append(list, strings.TrimSpace(s))
		}
		return list, true
	}
	return text, true
}

// getAtt takes "Resource.Attribute" or both in a list.
func (t *templateReader) getAtt(n *yaml.Node) (any, bool) {
	name, attribute, ok := strings.Cut(n.Value, ".")
	if n.Kind == yaml.SequenceNode && len(n.Content) == 2 {
		name, attribute, ok = n.Content[0].Value, n.Content[1].Value, true
	}
	if !ok {
		t.Mistake(n, "write it like Stream.Arn", "GetAtt takes a resource and an attribute")
		return nil, false
	}
	return t.attributeOf(n, name, attribute)
}

// attributeOf is an attribute of a resource that is known before the resource is made.
func (t *templateReader) attributeOf(n *yaml.Node, id, attribute string) (any, bool) {
	r := member(t.resources, id)
	if r == nil {
		t.Mistake(n, yamlfile.Suggest(id, namesOf(t.resources)), "there is no resource %q", id)
		return nil, false
	}
	properties := orEmpty(member(r, "Properties"))
	name := t.physicalName(properties, id)
	kind := orEmpty(member(r, "Type")).Value
	switch kind + "." + attribute {
	case "AWS::Kinesis::Stream.Name", "AWS::SNS::Topic.TopicName", "AWS::Kinesis::StreamConsumer.ConsumerName":
		return name, true
	case "AWS::Kinesis::Stream.Arn":
		return t.arn(n, "kinesis", "stream/"+name)
	case "AWS::SNS::Topic.TopicArn":
		return t.arn(n, "sns", name)
	}
	if attribute == "" {
		attribute = "its Ref"
	}
	t.Mistake(n, "", "%s of %s (%s) is not known to weir", attribute, id, kind)
	return nil, false
}

func (t *templateReader) arn(n *yaml.Node, service, resource string) (any, bool) {
	account, ok := t.pseudo(n, "AWS::AccountId")
	if !ok {
		return nil, false
	}
	return fmt.Sprintf("arn:aws:%s:%s:%s:%s", service, t.env.Region, account, resource), true
}

var subVariable = regexp.MustCompile(`\$\{(!?)([A-Za-z0-9_.:]+)\}`)

// sub takes a text with ${Name}, ${Name.Attribute} and ${!literal}, or that and values of names.
func (t *templateReader) sub(n *yaml.Node) (any, bool) {
	text, given := n, (*yaml.Node)(nil)
	if n.Kind == yaml.SequenceNode && len(n.Content) == 2 {
		text, given = yamlfile.Resolve(n.Content[0]), yamlfile.Resolve(n.Content[1])
	}
	if text.Kind != yaml.ScalarNode {
		t.Mistake(n, "", "Sub takes a text, or a text and values")
		return nil, false
	}
	good := true
	out := subVariable.ReplaceAllStringFunc(text.Value, func(found string) string {
		m := subVariable.FindStringSubmatch(found)
		if m[1] == "!" {
			return "${" + m[2] + "}"
		}
		at := &yaml.Node{Kind: yaml.ScalarNode, Value: m[2], Line: text.Line, Column: text.Column}
		var v any
		var ok bool
		if value := member(given, m[2]); value != nil {
			v, ok = t.value(value)
		} else if strings.Contains(m[2], ".") {
			v, ok = t.getAtt(at)
		} else {
			v, ok = t.ref(at)
		}
		if good = good && ok; !ok {
			return ""
		}
		return t.textOf(at, v, m[2])
	})
	return out, good
}

// arguments evaluates a function's list of at least n.
func (t *templateReader) arguments(n *yaml.Node, what string, least int) ([]any, bool) {
	if n.Kind != yaml.SequenceNode || len(n.Content) < least {
		t.Mistake(n, "", "%s takes a list of %d", what, least)
		return nil, false
	}
	out := make([]any, 0, len(n.Content))
	for _, element := range n.Content {
		v, ok := t.value(yamlfile.Resolve(element))
		if !ok {
			return nil, false
		}
		out = append(out, v)
	}
	return out, true
}

func (t *templateReader) join(n *yaml.Node) (any, bool) {
	a, ok := t.arguments(n, "Join", 2)
	if !ok {
		return nil, false
	}
	list, ok := a[1].([]any)
	if !ok {
		t.Mistake(n, "", "Join takes a delimiter and a list")
		return nil, false
	}
	var parts []string
	for _, v := range list {
		parts = append(parts, t.textOf(n, v, "a value to join"))
	}
	return strings.Join(parts, t.textOf(n, a[0], "the delimiter")), true
}

func (t *templateReader) split(n *yaml.Node) (any, bool) {
	a, ok := t.arguments(n, "Split", 2)
	if !ok {
		return nil, false
	}
	out := []any{}
	for _, s := range strings.Split(t.textOf(n, a[1], "the text to split"), t.textOf(n, a[0], "the delimiter")) {
		out = append(out, s)
	}
	return out, true
}

func (t *templateReader) selectOne(n *yaml.Node) (any, bool) {
	a, ok := t.arguments(n, "Select", 2)
	if !ok {
		return nil, false
	}
	i, err := strconv.Atoi(t.textOf(n, a[0], "the index"))
	list, ok := a[1].([]any)
	if !ok || err != nil || i < 0 || i >= len(list) {
		t.Mistake(n, "", "Select takes an index from 0 and a list that is long enough")
		return nil, false
	}
	return list[i], true
}

func (t *templateReader) findInMap(n *yaml.Node) (any, bool) {
	a, ok := t.arguments(n, "FindInMap", 3)
	if !ok {
		return nil, false
	}
	at := member(t.root, "Mappings")
	for _, v := range a[:3] {
		key := t.textOf(n, v, "a key of FindInMap")
		next := member(at, key)
		if next == nil {
			t.Mistake(n, yamlfile.Suggest(key, namesOf(at)), "the Mappings have no %q here", key)
			return nil, false
		}
		at = next
	}
	return t.value(at)
}

func (t *templateReader) ifElse(n *yaml.Node) (any, bool) {
	if n.Kind != yaml.SequenceNode || len(n.Content) != 3 {
		t.Mistake(n, "", "If takes a condition and two values")
		return nil, false
	}
	holds, ok := t.condition(yamlfile.Resolve(n.Content[0]))
	if !ok {
		return nil, false
	}
	if holds {
		return t.value(yamlfile.Resolve(n.Content[1]))
	}
	return t.value(yamlfile.Resolve(n.Content[2]))
}

// condition evaluates a condition by name.
func (t *templateReader) condition(n *yaml.Node) (holds, ok bool) {
	c := member(member(t.root, "Conditions"), n.Value)
	if c == nil {
		t.Mistake(n, yamlfile.Suggest(n.Value, namesOf(member(t.root, "Conditions"))), "there is no condition %q", n.Value)
		return false, false
	}
	return t.test(c)
}

// test evaluates Equals, And, Or, Not and Condition.
func (t *templateReader) test(n *yaml.Node) (holds, ok bool) {
	if t.depth++; t.depth > maxDepth {
		t.depth = 0
		t.Mistake(n, "", "conditions refer to each other in a circle")
		return false, false
	}
	defer func() { t.depth = max(t.depth-1, 0) }()
	name, argument := function(n)
	switch name {
	case "Condition":
		return t.condition(argument)
	case "Equals":
		a, ok := t.arguments(argument, "Equals", 2)
		if !ok {
			return false, false
		}
		return fmt.Sprint(a[0]) == fmt.Sprint(a[1]), true
	case "And", "Or", "Not":
		all, some := true, false
		for _, element := range argument.Content {
			h, ok := t.test(yamlfile.Resolve(element))
			if !ok {
				return false, false
			}
			all, some = all && h, some || h
		}
		return map[string]bool{"And": all, "Or": some, "Not": !some}[name], true
	}
	t.Mistake(n, "it is Equals, And, Or, Not or Condition", "this is no condition")
	return false, false
}
