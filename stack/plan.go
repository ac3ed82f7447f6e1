package stack

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/weirsql/weir/runtime/clock"
)

// Services are what stacks are made with.
type Services struct {
	Kinesis *kinesis.Client
	SNS     *sns.Client
	Clock   clock.Clock
}

// Item is a resource of a file beside what there is.
type Item struct {
	Resource *Resource
	Made     bool   // by this stack
	Status   string // as the service says it: ACTIVE, CREATING, confirmed, pending; "" if it isn't there
	ARN      string // if it is there
	// Changes are what has to change about one that is there, as a user reads it: "retention 24 h, file says 48 h".
	Changes []string

	created     int64
	missingTags map[string]string
	shards      int32
	retention   int32
	attributes  map[string]string // that differ, with the file's values
	remodel     bool              // the stream's mode differs
}

// Plan is what a file asks for beside what there is.
type Plan struct {
	Items []*Item
	// Gone are resources that the stack has made and the file no longer has.
	Gone []Made
}

// Empty tells whether Up has nothing to do.
func (p *Plan) Empty() bool {
	return !slices.ContainsFunc(p.Items, func(i *Item) bool { return i.Action() != "" })
}

// Action is what Up does: "create", "change", or "" for nothing. What somebody else has made is never changed.
func (i *Item) Action() string {
	switch {
	case i.Status == "":
		return "create"
	case len(i.Changes) > 0 && i.Made:
		return "change"
	}
	return ""
}

// Look compares a stack with what there is.
func Look(ctx context.Context, services *Services, s *Stack, state *State) (*Plan, error) {
	l := &looker{Services: services, topics: map[string]string{}}
	plan := &Plan{}
	asked := map[string]bool{}
	for _, r := range s.Resources {
		item := &Item{Resource: r}
		asked[r.ID()] = true
		if err := l.look(ctx, item); err != nil {
			return nil, fmt.Errorf("look for %s: %w", r.ID(), err)
		}
		if made := state.find(r.ID()); made != nil {
			item.Made = item.Status == "pending" || made.ARN == item.ARN && made.Created == item.created
		}
		plan.Items = append(plan.Items, item)
	}
	for _, m := range state.Made {
		if !asked[m.ID] {
			plan.Gone = append(plan.Gone, m)
		}
	}
	return plan, nil
}

// looker finds resources.
type looker struct {
	*Services
	topics map[string]string // ARN by name, once listed
	listed bool
}

func (l *looker) look(ctx context.Context, i *Item) error {
	switch i.Resource.Kind {
	case Stream:
		return l.stream(ctx, i)
	case Consumer:
		return l.consumer(ctx, i)
	case Topic:
		return l.topic(ctx, i)
	}
	return l.subscription(ctx, i)
}

// absentStream tells whether an error is that there is no such stream or consumer.
func absentStream(err error) bool {
	var missing *kinesistypes.ResourceNotFoundException
	return errors.As(err, &missing)
}

func (l *looker) stream(ctx context.Context, i *Item) error {
	r := i.Resource
	out, err := l.Kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &r.Name})
	if absentStream(err) {
		return nil
	}
	if err != nil {
		return err
	}
	d := out.StreamDescriptionSummary
	i.Status, i.ARN, i.created = string(d.StreamStatus), aws.ToString(d.StreamARN), aws.ToTime(d.StreamCreationTimestamp).UnixMilli()
	i.shards, i.retention = aws.ToInt32(d.OpenShardCount), aws.ToInt32(d.RetentionPeriodHours)
	onDemand := d.StreamModeDetails != nil && d.StreamModeDetails.StreamMode == kinesistypes.StreamModeOnDemand
	if i.remodel = onDemand != r.OnDemand; i.remodel {
		i.Changes = append(i.Changes, fmt.Sprintf("mode %s, file says %s", modeName(onDemand), modeName(r.OnDemand)))
	}
	if r.Shards > 0 && r.Shards != i.shards && !i.remodel {
		i.Changes = append(i.Changes, fmt.Sprintf("shards %d, file says %d", i.shards, r.Shards))
	}
	if r.RetentionHours > 0 && r.RetentionHours != i.retention {
		i.Changes = append(i.Changes, fmt.Sprintf("retention %d h, file says %d h", i.retention, r.RetentionHours))
	}
	if len(r.Tags) == 0 {
		return nil
	}
	has := map[string]string{}
	in := &kinesis.ListTagsForStreamInput{StreamName: &r.Name}
	for {
		tags, err := l.Kinesis.ListTagsForStream(ctx, in)
		if err != nil {
			return err
		}
		for _, tag := range tags.Tags {
			has[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
			in.ExclusiveStartTagKey = tag.Key
		}
		if !aws.ToBool(tags.HasMoreTags) || len(tags.Tags) == 0 {
			break
		}
	}
	i.compareTags(has)
	return nil
}

func modeName(onDemand bool) string {
	if onDemand {
		return "on-demand"
	}
	return "provisioned"
}

func (i *Item) compareTags(has map[string]string) {
	for _, k := range slices.Sorted(maps.Keys(i.Resource.Tags)) {
		if v, ok := has[k]; !ok || v != i.Resource.Tags[k] {
			if i.missingTags == nil {
				i.missingTags = map[string]string{}
			}
			i.missingTags[k] = i.Resource.Tags[k]
			i.Changes = append(i.Changes, fmt.Sprintf("tag %s %q, file says %q", k, v, i.Resource.Tags[k]))
		}
	}
}

// streamARN is the ARN of a consumer's stream, "" if there is none.
func (s *Services) streamARN(ctx context.Context, name string) (string, error) {
	if strings.HasPrefix(name, "arn:") {
		return name, nil
	}
	out, err := s.Kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
	if absentStream(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return aws.ToString(out.StreamDescriptionSummary.StreamARN), nil
}

func (l *looker) consumer(ctx context.Context, i *Item) error {
	arn, err := l.streamARN(ctx, i.Resource.Parent)
	if arn == "" || err != nil {
		return err
	}
	out, err := l.Kinesis.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{StreamARN: &arn, ConsumerName: &i.Resource.Name})
	if absentStream(err) {
		return nil
	}
	if err != nil {
		return err
	}
	i.Status, i.ARN = string(out.ConsumerDescription.ConsumerStatus), aws.ToString(out.ConsumerDescription.ConsumerARN)
	return nil
}

// topicARN finds a topic by name, "" if there is none. An ARN that isn't listed may be of another account.
func (l *looker) topicARN(ctx context.Context, name string) (string, error) {
	if !l.listed {
		pages := sns.NewListTopicsPaginator(l.SNS, &sns.ListTopicsInput{})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return "", err
			}
			for _, t := range page.Topics {
				l.topics[lastOf(aws.ToString(t.TopicArn))] = aws.ToString(t.TopicArn)
			}
		}
		l.listed = true
	}
	arn := l.topics[lastOf(name)]
	if strings.HasPrefix(name, "arn:") && !sameOwner(arn, name) {
		return name, nil
	}
	return arn, nil
}

// sameOwner tells whether two ARNs are of one region and account.
func sameOwner(a, b string) bool {
	x, y := strings.SplitN(a, ":", 6), strings.SplitN(b, ":", 6)
	return len(x) == 6 && len(y) == 6 && x[3] == y[3] && x[4] == y[4]
}

func (l *looker) topic(ctx context.Context, i *Item) error {
	r := i.Resource
	arn, err := l.topicARN(ctx, r.Name)
	if arn == "" || err != nil {
		return err
	}
	i.ARN, i.Status = arn, "ACTIVE"
	out, err := l.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: &arn})
	if err != nil {
		return err
	}
	i.compareAttributes(out.Attributes)
	if len(r.Tags) == 0 {
		return nil
	}
	tags, err := l.SNS.ListTagsForResource(ctx, &sns.ListTagsForResourceInput{ResourceArn: &arn})
	if err != nil {
		return err
	}
	has := map[string]string{}
	for _, tag := range tags.Tags {
		has[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	i.compareTags(has)
	return nil
}

// compareAttributes notes those of the file that differ. false and absent are the same, and JSON is compared as such.
func (i *Item) compareAttributes(has map[string]string) {
	for _, name := range slices.Sorted(maps.Keys(i.Resource.Attributes)) {
		want := i.Resource.Attributes[name]
		if got := has[name]; got == want || got == "" && want == "false" || sameJSON(got, want) {
			continue
		}
		if i.attributes == nil {
			i.attributes = map[string]string{}
		}
		i.attributes[name] = want
		i.Changes = append(i.Changes, fmt.Sprintf("%s %q, file says %q", name, has[name], want))
	}
}

func sameJSON(a, b string) bool {
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

func (l *looker) subscription(ctx context.Context, i *Item) error {
	r := i.Resource
	arn, err := l.topicARN(ctx, r.Parent)
	if arn == "" || err != nil {
		return err
	}
	pages := sns.NewListSubscriptionsByTopicPaginator(l.SNS, &sns.ListSubscriptionsByTopicInput{TopicArn: &arn})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		var missing *snstypes.NotFoundException
		if errors.As(err, &missing) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, s := range page.Subscriptions {
			if aws.ToString(s.Protocol) != r.Protocol || aws.ToString(s.Endpoint) != r.Name {
				continue
			}
			i.ARN = aws.ToString(s.SubscriptionArn)
			if !strings.HasPrefix(i.ARN, "arn:") { // it has one, but only Subscribe tells it
				i.Status = "pending"
				return nil
			}
			i.Status = "confirmed"
			out, err := l.SNS.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: s.SubscriptionArn})
			if err != nil {
				return err
			}
			i.compareAttributes(out.Attributes)
			return nil
		}
	}
	return nil
}
