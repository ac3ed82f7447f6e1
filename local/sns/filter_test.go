package sns_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/weirsql/weir/local"
)

// A subscription gets what its filter policy accepts. The cases follow the pages of AWS's developer guide: string value
// matching, numeric value matching, key matching, AND/OR logic, payload-based filtering.
func TestFilterPolicy(t *testing.T) {
	s, c := start(t, local.Options{NoSync: true})
	attribute := func(kind, value string) types.MessageAttributeValue {
		if kind == "Binary" {
			return types.MessageAttributeValue{DataType: &kind, BinaryValue: []byte(value)}
		}
		return types.MessageAttributeValue{DataType: &kind, StringValue: &value}
	}
	for i, x := range []struct {
		scope, policy string
		yes, no       []string // messages: a body, or `name:Type:value; …` for attributes
	}{
		{"", `{"customer_interests": ["rugby", "tennis"]}`,
			[]string{`customer_interests:String:rugby`, `customer_interests:String.Array:["rugby","golf"]`},
			[]string{`customer_interests:String:baseball`, `customer_interests:String.Array:["baseball"]`, `other:String:rugby`, ``, `customer_interests:Binary:rugby`, `customer_interests:String:Rugby`}},
		{"", `{"customer_interests": [{"anything-but": ["rugby", "tennis"]}]}`,
			[]string{`customer_interests:String:baseball`, `customer_interests:String.Array:["rugby","baseball"]`},
			[]string{`customer_interests:String:rugby`, `customer_interests:String.Array:["rugby"]`, ``}},
		{"", `{"event": [{"anything-but": {"prefix": "order-"}}]}`,
			[]string{`event:String:data-entry`}, []string{`event:String:order-cancelled`, ``}},
		{"", `{"event": [{"anything-but": "x"}], "n": [{"anything-but": [100, 500]}]}`,
			[]string{`event:String:y; n:Number:101`, `event:String:y; n:Number:100.1`}, []string{`event:String:x; n:Number:101`, `event:String:y; n:Number:500.0`}},
		{"", `{"customer_interests": [{"equals-ignore-case": "tennis"}]}`, []string{`customer_interests:String:TENNIS`}, []string{`customer_interests:String:tennis!`}},
		{"", `{"source_ip": [{"cidr": "10.0.0.0/24"}]}`, []string{`source_ip:String:10.0.0.255`}, []string{`source_ip:String:10.1.1.0`, `source_ip:String:nonsense`}},
		{"", `{"customer_interests": [{"prefix": "bas"}]}`, []string{`customer_interests:String:baseball`}, []string{`customer_interests:String:rugby`, `customer_interests:Number:5`}},
		{"", `{"customer_interests": [{"suffix": "ball"}]}`, []string{`customer_interests:String:baseball`}, []string{`customer_interests:String:balls`}},
		{"", `{"price_usd": [301.5]}`, []string{`price_usd:Number:301.5`, `price_usd:Number:3.015e2`}, []string{`price_usd:Number:301.4`, `price_usd:String:301.5`}},
		{"", `{"price_usd": [{"numeric": [">", 0, "<=", 150]}]}`, []string{`price_usd:Number:150`, `price_usd:String.Array:[200,0.00001]`}, []string{`price_usd:Number:0`, `price_usd:Number:150.00001`, `price_usd:Number:-1`}},
		{"", `{"n": [{"numeric": ["=", 301.5]}, {"numeric": ["<", -5]}]}`, []string{`n:Number:301.5`, `n:Number:-6`}, []string{`n:Number:-5`}},
		{"", `{"ok": [true], "none": [null]}`, []string{`ok:String.Array:[true]; none:String.Array:[1,null]`}, []string{`ok:String:true; none:String.Array:[null]`, `ok:String.Array:[false]; none:String.Array:[null]`}},
		{"", `{"store": [{"exists": true}], "error": [{"exists": false}]}`, []string{`store:String:a`}, []string{``, `store:String:a; error:String:b`}},
		{"", `{"encrypted": [false, {"exists": false}]}`, []string{``, `encrypted:String.Array:[false]`}, []string{`encrypted:String:false`}},
		{"", `{"source": ["aws.cloudwatch"], "$or": [{"metricName": ["CPUUtilization"]}, {"namespace": ["AWS/EC2"]}]}`,
			[]string{`source:String:aws.cloudwatch; namespace:String:AWS/EC2`, `source:String:aws.cloudwatch; metricName:String:CPUUtilization`},
			[]string{`source:String:aws.cloudwatch`, `namespace:String:AWS/EC2`}},
		{"", `{"$or": ["a", "b"]}`, nil, []string{``}}, // a name like others
		{"", `{}`, []string{``, `a:String:b`}, nil},
		{"MessageBody", `{"person": {"name": [{"prefix": "An"}], "age": [{"numeric": [">=", 18]}]}}`,
			[]string{`{"person":{"name":"Ann","age":18}}`, `{"person":[{"name":"Bob","age":3},{"name":"Ann","age":20}],"more":1}`},
			[]string{`{"person":{"name":"Ann"}}`, `{"person":[{"name":"Bob","age":20},{"name":"Ann","age":2}]}`, `no json`, `["Ann"]`, `{"name":"Ann","age":20}`}},
		{"MessageBody", `{"tags": ["a"], "x": {"y": [{"exists": false}]}}`, []string{`{"tags":["b",["a"]]}`, `{"tags":"a","x":{"y":{"z":1}}}`, `{"tags":"a","x":{"y":[]}}`}, []string{`{"tags":[]}`, `{"tags":"a","x":{"y":null}}`}},
		{"MessageBody", `{"v": [null, true, 3]}`, []string{`{"v":null}`, `{"v":true}`, `{"v":3.0}`}, []string{`{"v":false}`, `{}`, `{"v":"3"}`, `{"v":{"v":3}}`}},
		{"MessageBody", `{"a": {"$or": [{"b": ["x"]}, {"c": {"d": ["y"]}}]}}`, []string{`{"a":{"b":"x"}}`, `{"a":{"c":{"d":"y"}}}`}, []string{`{"a":{"b":"y"}}`, `{"b":"x"}`}},
	} {
		arn := topic(t, c, fmt.Sprint("t", i))
		in := &sns.SubscribeInput{TopicArn: arn, Protocol: aws.String("email"), Endpoint: aws.String("ops@example.com"), Attributes: map[string]string{"FilterPolicy": x.policy}}
		if x.scope != "" {
			in.Attributes["FilterPolicyScope"] = x.scope
		}
		if _, err := c.Subscribe(t.Context(), in); err != nil {
			t.Errorf("%s: %v", x.policy, err)
			continue
		}
		deliver := func(message string) bool {
			in := &sns.PublishInput{TopicArn: arn, Message: aws.String("m"), MessageAttributes: map[string]types.MessageAttributeValue{}}
			if x.scope == "MessageBody" {
				in.Message = &message
			} else if message != "" {
				for _, a := range strings.Split(message, "; ") {
					parts := strings.SplitN(a, ":", 3)
					in.MessageAttributes[parts[0]] = attribute(parts[1], parts[2])
				}
			}
			before, err := s.Mails()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := c.Publish(t.Context(), in); err != nil {
				t.Errorf("%s: %s: %v", x.policy, message, err)
			}
			after, err := s.Mails()
			if err != nil {
				t.Fatal(err)
			}
			return len(after) > len(before)
		}
		for _, m := range x.yes {
			if !deliver(m) {
				t.Errorf("%s rejects %s", x.policy, m)
			}
		}
		for _, m := range x.no {
			if deliver(m) {
				t.Errorf("%s accepts %s", x.policy, m)
			}
		}
	}
}

// What is wrong with a policy, in AWS's words, at Subscribe and at SetSubscriptionAttributes; and what the attributes say.
func TestSubscriptionAttributes(t *testing.T) {
	_, c := start(t, local.Options{})
	ctx := t.Context()
	arn := topic(t, c, "t")
	sub := subscribe(t, c, arn, "email", "ops@example.com")
	values := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`"x",`, n), ",") + "]" }
	for _, x := range []struct{ name, value, want string }{
		{"FilterPolicy", `{`, "FilterPolicy: failed to parse JSON."},
		{"FilterPolicy", `{"a":"b"}`, `FilterPolicy: "a" must be an object or an array`},
		{"FilterPolicy", `{"a":[]}`, "FilterPolicy: Empty arrays are not allowed"},
		{"FilterPolicy", `{"a":{"b":["c"]}}`, "Filter policy scope MessageAttributes does not support nested filter policy"},
		{"FilterPolicy", `{"a":["1"],"b":["1"],"c":["1"],"d":["1"],"e":["1"],"f":["1"]}`, "FilterPolicy: Filter policy can not have more than 5 keys"},
		{"FilterPolicy", `{"a":` + values(16) + `,"b":` + values(10) + `}`, "FilterPolicy: Filter policy is too complex"},
		{"FilterPolicy", `{"a":[["b"]]}`, "FilterPolicy: Match value must be String, number, true, false, or null"},
		{"FilterPolicy", `{"a":[{"prefix":"b","suffix":"c"}]}`, "FilterPolicy: Only one key allowed in match expression"},
		{"FilterPolicy", `{"a":[{"prefix":1}]}`, "FilterPolicy: prefix match pattern must be a string"},
		{"FilterPolicy", `{"a":[{"infix":"b"}]}`, "FilterPolicy: Unrecognized match type infix"},
		{"FilterPolicy", `{"a":[{"exists":"yes"}]}`, "FilterPolicy: exists match pattern must be either true or false."},
		{"FilterPolicy", `{"a":[{"anything-but":{"suffix":"b"}}]}`, "FilterPolicy: Unsupported anything-but pattern: suffix"},
		{"FilterPolicy", `{"a":[{"numeric":[]}]}`, "FilterPolicy: Invalid member in numeric match: ]"},
		{"FilterPolicy", `{"a":[{"numeric":["="]}]}`, "FilterPolicy: Value of equals must be numeric"},
		{"FilterPolicy", `{"a":[{"numeric":["~",1]}]}`, "FilterPolicy: Unrecognized numeric range operator: ~"},
		{"FilterPolicy", `{"a":[{"numeric":["<",1,">",0]}]}`, "FilterPolicy: Too many elements in numeric expression"},
		{"FilterPolicy", `{"a":[{"numeric":[">",1,"<",0]}]}`, "FilterPolicy: Bottom must be less than top"},
		{"FilterPolicy", `{"a":[{"numeric":[">",1,"=",2]}]}`, "FilterPolicy: Bad numeric range operator: ="},
		{"FilterPolicy", `{"a":[{"numeric":[">",1,"<",2,"<"]}]}`, "FilterPolicy: Too many terms in numeric range expression"},
		{"FilterPolicy", `{"a":[{"cidr":"10.0.0.0"}]}`, "FilterPolicy: Malformed CIDR, one '/' required"},
		{"FilterPolicy", `{"a":[{"cidr":"10.0.0.0/x"}]}`, "FilterPolicy: Malformed CIDR, mask bits must be an integer"},
		{"FilterPolicy", `{"a":[{"cidr":"10.0.0/24"}]}`, "FilterPolicy: Nonstandard IP address: 10.0.0"},
		{"FilterPolicyScope", `Body`, "FilterPolicyScope: Invalid value [Body]. Please use either MessageBody or MessageAttributes"},
		{"RawMessageDelivery", `maybe`, "RawMessageDelivery: Invalid value [maybe]. Must be true or false."},
		{"RawMessageDelivery", `true`, "RawMessageDelivery: Delivery protocol [email] does not support raw message delivery."},
		{"DeliveryPolicy", `{"healthyRetryPolicy":{"numRetries":101}}`, "DeliveryPolicy: healthyRetryPolicy.numRetries must be between 0 and 100"},
		{"DeliveryPolicy", `{"healthyRetryPolicy":{"minDelayTarget":9,"maxDelayTarget":8}}`, "DeliveryPolicy: healthyRetryPolicy.minDelayTarget must be between 1 and maxDelayTarget"},
		{"Colour", `red`, "AttributeName"},
		{"RedrivePolicy", `{}`, "RedrivePolicy Reason: the embedded server has no SQS queues for messages that can't be delivered; weir local mail --failed lists them"},
	} {
		var invalid *types.InvalidParameterException
		_, err := c.SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{SubscriptionArn: sub, AttributeName: &x.name, AttributeValue: &x.value})
		if want := "Invalid parameter: " + x.want; !errors.As(err, &invalid) || invalid.ErrorMessage() != want {
			t.Errorf("%s %s\n got %v\nwant %s", x.name, x.value, err, want)
		}
		_, err = c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: arn, Protocol: aws.String("email"), Endpoint: aws.String("bob@example.com"), Attributes: map[string]string{x.name: x.value}})
		if want := "Invalid parameter: Attributes Reason: " + x.want; !errors.As(err, &invalid) || invalid.ErrorMessage() != want {
			t.Errorf("%s %s\n got %v\nwant %s", x.name, x.value, err, want)
		}
	}
	set := func(name, value string) {
		t.Helper()
		if _, err := c.SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{SubscriptionArn: sub, AttributeName: &name, AttributeValue: &value}); err != nil {
			t.Fatal(err)
		}
	}
	attributes := func() map[string]string {
		t.Helper()
		out, err := c.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: sub})
		if err != nil {
			t.Fatal(err)
		}
		return out.Attributes
	}
	if got := attributes(); got["PendingConfirmation"] != "false" || got["Endpoint"] != "ops@example.com" || got["FilterPolicy"] != "" || got["FilterPolicyScope"] != "" {
		t.Errorf("attributes: %v", got)
	}
	set("FilterPolicyScope", "MessageBody")
	set("FilterPolicy", `{"a":{"b":["c"]}}`)
	if got := attributes(); got["FilterPolicy"] != `{"a":{"b":["c"]}}` || got["FilterPolicyScope"] != "MessageBody" {
		t.Errorf("attributes: %v", got)
	}
	set("FilterPolicy", "")
	if got := attributes(); got["FilterPolicy"] != "" || got["FilterPolicyScope"] != "" {
		t.Errorf("attributes: %v", got)
	}
	_, err := c.Subscribe(ctx, &sns.SubscribeInput{TopicArn: arn, Protocol: aws.String("email"), Endpoint: aws.String("ops@example.com"), Attributes: map[string]string{"FilterPolicy": `{"a":["b"]}`}})
	if err == nil || !strings.Contains(err.Error(), "Subscription already exists with different attributes") {
		t.Errorf("subscribed again with another filter: %v", err)
	}
}

func TestTags(t *testing.T) {
	_, c := start(t, local.Options{})
	ctx := t.Context()
	tag := func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} }
	out, err := c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t"), Tags: []types.Tag{tag("team", "ops"), tag("cost", "")}})
	if err != nil {
		t.Fatal(err)
	}
	arn := out.TopicArn
	list := func() (all string) {
		t.Helper()
		out, err := c.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: arn})
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range out.Tags {
			all += *x.Key + "=" + *x.Value + " "
		}
		return all
	}
	if got := list(); got != "cost= team=ops " {
		t.Errorf("tags: %s", got)
	}
	if _, err := c.TagResource(ctx, &sns.TagResourceInput{ResourceArn: arn, Tags: []types.Tag{tag("team", "dev"), tag("env", "test")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"cost", "nosuch"}}); err != nil {
		t.Fatal(err)
	}
	if got := list(); got != "env=test team=dev " {
		t.Errorf("tags: %s", got)
	}
	var invalid *types.InvalidParameterException
	if _, err = c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("t"), Tags: []types.Tag{tag("team", "ops")}}); !errors.As(err, &invalid) || invalid.ErrorMessage() != "Invalid parameter: Tags Reason: Topic already exists with different tags" {
		t.Errorf("other tags: %v", err)
	}
	var missing *types.ResourceNotFoundException
	if _, err = c.TagResource(ctx, &sns.TagResourceInput{ResourceArn: aws.String(*arn + "x"), Tags: []types.Tag{tag("a", "b")}}); !errors.As(err, &missing) {
		t.Errorf("no such topic: %v", err)
	}
	var many []types.Tag
	for i := range 51 {
		many = append(many, tag(fmt.Sprint(i), ""))
	}
	var limit *types.TagLimitExceededException
	if _, err = c.TagResource(ctx, &sns.TagResourceInput{ResourceArn: arn, Tags: many}); !errors.As(err, &limit) {
		t.Errorf("51 tags: %v", err)
	}
}

// FIFO topics number their messages and take each once within five minutes, also across a restart.
func TestFIFO(t *testing.T) {
	dir := t.TempDir()
	var first *sns.PublishOutput
	begin := fixedClock{}.Now()
	for run, minutes := range []int{0, 4, 6} {
		s, err := local.Start(context.Background(), local.Options{Dir: dir, Clock: clockAt(begin.Add(time.Duration(minutes) * time.Minute))})
		if err != nil {
			t.Fatal(err)
		}
		c := client(s)
		out, err := c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("orders.fifo"), Attributes: map[string]string{"FifoTopic": "true", "ContentBasedDeduplication": "true"}})
		if err != nil {
			t.Fatal(err)
		}
		in := &sns.PublishInput{TopicArn: out.TopicArn, Message: aws.String("m"), MessageGroupId: aws.String("g")}
		got, err := c.Publish(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		switch run {
		case 0:
			first = got
			in.Message = aws.String("other")
			next, err := c.Publish(t.Context(), in)
			if err != nil || len(*next.SequenceNumber) != 20 || *next.SequenceNumber <= *first.SequenceNumber {
				t.Errorf("numbers: %v %v %v", *first.SequenceNumber, next, err)
			}
			_, err = c.Publish(t.Context(), &sns.PublishInput{TopicArn: out.TopicArn, Message: aws.String("m")})
			if err == nil || !strings.Contains(err.Error(), "The MessageGroupId parameter is required for FIFO topics") {
				t.Errorf("no group: %v", err)
			}
			_, err = c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: out.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String("a@b.c")})
			if err == nil || !strings.Contains(err.Error(), "FIFO topics deliver to SQS queues only") {
				t.Errorf("e-mail: %v", err)
			}
			batch, err := c.PublishBatch(t.Context(), &sns.PublishBatchInput{TopicArn: out.TopicArn, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
				{Id: aws.String("1"), Message: aws.String("b"), MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String("d")},
				{Id: aws.String("2"), Message: aws.String("c"), MessageGroupId: aws.String("g"), MessageDeduplicationId: aws.String("d")},
				{Id: aws.String("3"), Message: aws.String("d")},
			}})
			if err != nil || len(batch.Successful) != 2 || *batch.Successful[0].MessageId != *batch.Successful[1].MessageId || len(batch.Failed) != 1 {
				t.Errorf("batch: %+v %v", batch, err)
			}
		case 1:
			if *got.MessageId != *first.MessageId || *got.SequenceNumber != *first.SequenceNumber {
				t.Errorf("after 4 minutes: %v, not %v", *got.MessageId, *first.MessageId)
			}
		case 2:
			if *got.MessageId == *first.MessageId || *got.SequenceNumber <= *first.SequenceNumber {
				t.Errorf("after 6 minutes: %v again", *got.MessageId)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// No policy and no message breaks the filter.
func FuzzFilterPolicy(f *testing.F) {
	_, c := start(f, local.Options{})
	out, err := c.CreateTopic(context.Background(), &sns.CreateTopicInput{Name: aws.String("t")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"a":{"b":[{"numeric":[">",1,"<",2]}]},"$or":[{"c":["d"]},{"e":[{"exists":false}]}]}`, `{"a":[{"b":1.5}],"e":[[],{}]}`)
	f.Add(`{"a":[{"anything-but":{"prefix":"x"}},{"anything-but":[1,"y",null]},{"cidr":"::1/128"}]}`, `{"a":["::1"]}`)
	f.Add(`{"a":[{"numeric":["=",1e999]}]}`, `{}`)
	f.Add(strings.Repeat(`{"a":`, 5000), strings.Repeat(`[`, 5000))
	f.Fuzz(func(t *testing.T, policy, body string) {
		sub, err := c.Subscribe(context.Background(), &sns.SubscribeInput{TopicArn: out.TopicArn, Protocol: aws.String("email"), Endpoint: aws.String("a@b.c"),
			Attributes: map[string]string{"FilterPolicy": policy, "FilterPolicyScope": "MessageBody"}})
		var invalid *types.InvalidParameterException
		if errors.As(err, &invalid) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Publish(context.Background(), &sns.PublishInput{TopicArn: out.TopicArn, Message: &body}); err != nil && !errors.As(err, &invalid) {
			t.Error(err)
		}
		if _, err := c.Unsubscribe(context.Background(), &sns.UnsubscribeInput{SubscriptionArn: sub.SubscriptionArn}); err != nil {
			t.Error(err)
		}
	})
}
