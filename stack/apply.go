package stack

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/weirsql/weir/runtime/clock"
)

// Waits for a stream or consumer to be ACTIVE, or gone: looks begin often and become rare.
const (
	waitFirst = 100 * time.Millisecond
	waitMost  = 5 * time.Second
	waitTotal = 15 * time.Minute
)

// Up makes what is missing and changes what differs, in order, and waits until each is ACTIVE. What it has made it remembers at
// once. did is told what has been done.
func Up(ctx context.Context, services *Services, plan *Plan, state *State, did func(format string, args ...any)) error {
	l := &looker{Services: services, topics: map[string]string{}}
	for _, i := range plan.Items {
		r := i.Resource
		var err error
		switch i.Action() {
		case "create":
			var made Made
			if made, err = l.create(ctx, r); made.ARN != "" {
				made.Kind, made.ID, made.Name = r.Kind, r.ID(), r.Name
				err = errors.Join(err, state.add(made))
			}
			if err == nil {
				err = l.settle(ctx, r, did)
			}
		case "change":
			if err = l.change(ctx, i); err == nil {
				did("changed %s: %s", r.ID(), strings.Join(i.Changes, "; "))
			}
		default: // perhaps another has begun it
			if r.Kind == Stream {
				err = l.active(ctx, r.Name)
			}
		}
		if err != nil {
			return fmt.Errorf("make %s (line %d): %w", r.ID(), r.Line, err)
		}
	}
	return nil
}

// create makes a resource. When made has an ARN it is there, also beside an error.
func (l *looker) create(ctx context.Context, r *Resource) (made Made, err error) {
	switch r.Kind {
	case Stream:
		return l.createStream(ctx, r)
	case Consumer:
		arn, err := l.streamARN(ctx, r.Parent)
		if err != nil || arn == "" {
			return Made{}, errors.Join(err, missingParent(arn, "stream", r.Parent))
		}
		out, err := l.Kinesis.RegisterStreamConsumer(ctx, &kinesis.RegisterStreamConsumerInput{StreamARN: &arn, ConsumerName: &r.Name, Tags: r.Tags})
		if absentStream(err) {
			return Made{}, missingParent("", "stream", r.Parent)
		}
		if err != nil {
			return Made{}, err
		}
		return Made{ARN: aws.ToString(out.Consumer.ConsumerARN)}, nil
	case Topic:
		in := &sns.CreateTopicInput{Name: &r.Name, Attributes: r.Attributes}
		for _, k := range slices.Sorted(maps.Keys(r.Tags)) {
			in.Tags = append(in.Tags, snstypes.Tag{Key: aws.String(k), Value: aws.String(r.Tags[k])})
		}
		out, err := l.SNS.CreateTopic(ctx, in)
		if err != nil {
			return Made{}, err
		}
		l.topics[r.Name] = aws.ToString(out.TopicArn)
		return Made{ARN: aws.ToString(out.TopicArn)}, nil
	}
	arn, err := l.topicARN(ctx, r.Parent)
	if err != nil || arn == "" {
		return Made{}, errors.Join(err, missingParent(arn, "topic", r.Parent))
	}
	out, err := l.SNS.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &arn, Protocol: &r.Protocol, Endpoint: &r.Name, Attributes: r.Attributes, ReturnSubscriptionArn: true})
	var missing *snstypes.NotFoundException
	if errors.As(err, &missing) {
		return Made{}, missingParent("", "topic", r.Parent)
	}
	if err != nil {
		return Made{}, err
	}
	return Made{ARN: aws.ToString(out.SubscriptionArn)}, nil
}

func missingParent(arn, kind, name string) error {
	if arn != "" {
		return nil
	}
	return fmt.Errorf("%s %s does not exist", kind, lastOf(name))
}

func (l *looker) createStream(ctx context.Context, r *Resource) (made Made, err error) {
	in := &kinesis.CreateStreamInput{StreamName: &r.Name}
	if r.OnDemand {
		in.StreamModeDetails = &kinesistypes.StreamModeDetails{StreamMode: kinesistypes.StreamModeOnDemand}
	} else {
		in.ShardCount = &r.Shards
	}
	if _, err := l.Kinesis.CreateStream(ctx, in); err != nil {
		return Made{}, err
	}
	out, err := l.Kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &r.Name})
	if err != nil {
		return Made{}, err
	}
	d := out.StreamDescriptionSummary
	return Made{ARN: aws.ToString(d.StreamARN), Created: aws.ToTime(d.StreamCreationTimestamp).UnixMilli()}, nil
}

// settle waits for what was made to be of use, and completes it.
func (l *looker) settle(ctx context.Context, r *Resource, did func(string, ...any)) error {
	switch r.Kind {
	case Stream:
		if err := l.active(ctx, r.Name); err != nil {
			return err
		}
		i := &Item{Resource: r}
		if err := l.stream(ctx, i); err != nil {
			return err
		}
		if err := l.changeStream(ctx, i); err != nil {
			return err
		}
	case Consumer:
		arn, err := l.streamARN(ctx, r.Parent)
		if err != nil {
			return err
		}
		err = l.await(ctx, func() (bool, error) {
			out, err := l.Kinesis.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{StreamARN: &arn, ConsumerName: &r.Name})
			return err == nil && out.ConsumerDescription.ConsumerStatus == kinesistypes.ConsumerStatusActive, err
		})
		if err != nil {
			return err
		}
	case Subscription:
		i := &Item{Resource: r}
		if err := l.subscription(ctx, i); err != nil {
			return err
		}
		if i.Status == "pending" {
			did("created %s; it waits until %s is confirmed", r.ID(), r.Name)
			return nil
		}
	}
	did("created %s", r.ID())
	return nil
}

// active waits until a stream is.
func (l *looker) active(ctx context.Context, name string) error {
	return l.await(ctx, func() (bool, error) {
		out, err := l.Kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
		return err == nil && out.StreamDescriptionSummary.StreamStatus == kinesistypes.StreamStatusActive, err
	})
}

func (l *looker) await(ctx context.Context, done func() (bool, error)) error {
	end := l.Clock.Now().Add(waitTotal)
	for pause := waitFirst; ; pause = min(2*pause, waitMost) {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		if l.Clock.Now().After(end) {
			return fmt.Errorf("it has been under way for more than %v; try again later", waitTotal)
		}
		if err := clock.Sleep(ctx, l.Clock, pause); err != nil {
			return err
		}
	}
}

func (l *looker) change(ctx context.Context, i *Item) error {
	switch r := i.Resource; r.Kind {
	case Stream:
		return l.changeStream(ctx, i)
	case Topic:
		for _, name := range slices.Sorted(maps.Keys(i.attributes)) {
			if _, err := l.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &i.ARN, AttributeName: &name, AttributeValue: aws.String(i.attributes[name])}); err != nil {
				return err
			}
		}
		var tags []snstypes.Tag
		for k, v := range i.missingTags {
			tags = append(tags, snstypes.Tag{Key: &k, Value: &v})
		}
		if len(tags) == 0 {
			return nil
		}
		_, err := l.SNS.TagResource(ctx, &sns.TagResourceInput{ResourceArn: &i.ARN, Tags: tags})
		return err
	case Subscription:
		// The scope goes first: a nested policy is none in the other.
		names := slices.Sorted(maps.Keys(i.attributes))
		slices.SortStableFunc(names, func(a, b string) int { return strings.Compare(order(a), order(b)) })
		for _, name := range names {
			if _, err := l.SNS.SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{SubscriptionArn: &i.ARN, AttributeName: &name, AttributeValue: aws.String(i.attributes[name])}); err != nil {
				return err
			}
		}
	}
	return nil
}

func order(name string) string {
	if name == "FilterPolicyScope" {
		return ""
	}
	return name
}

func (l *looker) changeStream(ctx context.Context, i *Item) error {
	r := i.Resource
	if i.remodel {
		mode := kinesistypes.StreamModeProvisioned
		if r.OnDemand {
			mode = kinesistypes.StreamModeOnDemand
		}
		if _, err := l.Kinesis.UpdateStreamMode(ctx, &kinesis.UpdateStreamModeInput{StreamARN: &i.ARN, StreamModeDetails: &kinesistypes.StreamModeDetails{StreamMode: mode}}); err != nil {
			return err
		}
	} else if r.Shards > 0 && r.Shards != i.shards {
		if _, err := l.Kinesis.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{StreamName: &r.Name, TargetShardCount: &r.Shards, ScalingType: kinesistypes.ScalingTypeUniformScaling}); err != nil {
			return err
		}
	}
	if err := l.active(ctx, r.Name); err != nil {
		return err
	}
	var err error
	switch {
	case r.RetentionHours == 0:
	case r.RetentionHours > i.retention:
		_, err = l.Kinesis.IncreaseStreamRetentionPeriod(ctx, &kinesis.IncreaseStreamRetentionPeriodInput{StreamName: &r.Name, RetentionPeriodHours: &r.RetentionHours})
	case r.RetentionHours < i.retention:
		_, err = l.Kinesis.DecreaseStreamRetentionPeriod(ctx, &kinesis.DecreaseStreamRetentionPeriodInput{StreamName: &r.Name, RetentionPeriodHours: &r.RetentionHours})
	}
	if err != nil {
		return err
	}
	if len(i.missingTags) > 0 {
		if _, err := l.Kinesis.AddTagsToStream(ctx, &kinesis.AddTagsToStreamInput{StreamName: &r.Name, Tags: i.missingTags}); err != nil {
			return err
		}
	}
	return l.active(ctx, r.Name)
}

// Down deletes what the state says was made, the last first, and forgets it. A stream in whose place somebody has made another
// stays. did is told what has been done.
func Down(ctx context.Context, services *Services, state *State, did func(format string, args ...any)) error {
	l := &looker{Services: services, topics: map[string]string{}}
	all := slices.Clone(state.Made)
	slices.SortStableFunc(all, func(a, b Made) int { return int(b.Kind) - int(a.Kind) })
	var errs []error
	for _, m := range all {
		left, err := l.delete(ctx, &m)
		if err != nil {
			errs = append(errs, fmt.Errorf("delete %s: %w", m.ID, err))
			continue // the others can go
		}
		if err := state.remove(m.ID); err != nil {
			return errors.Join(append(errs, err)...)
		}
		if left != "" {
			did("left %s alone: %s", m.ID, left)
		} else {
			did("deleted %s", m.ID)
		}
	}
	return errors.Join(errs...)
}

// delete deletes a resource; that it is gone is fine. left says why it was not touched.
func (l *looker) delete(ctx context.Context, m *Made) (left string, err error) {
	switch m.Kind {
	case Stream:
		out, err := l.Kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &m.Name})
		if absentStream(err) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		if aws.ToTime(out.StreamDescriptionSummary.StreamCreationTimestamp).UnixMilli() != m.Created || aws.ToString(out.StreamDescriptionSummary.StreamARN) != m.ARN {
			return "it was made anew by somebody else", nil
		}
		if _, err := l.Kinesis.DeleteStream(ctx, &kinesis.DeleteStreamInput{StreamName: &m.Name}); err != nil {
			return "", err
		}
		return "", l.await(ctx, func() (bool, error) {
			_, err := l.Kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &m.Name})
			if absentStream(err) {
				return true, nil
			}
			return false, err
		})
	case Consumer:
		_, err := l.Kinesis.DeregisterStreamConsumer(ctx, &kinesis.DeregisterStreamConsumerInput{ConsumerARN: &m.ARN})
		if absentStream(err) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		return "", l.await(ctx, func() (bool, error) {
			_, err := l.Kinesis.DescribeStreamConsumer(ctx, &kinesis.DescribeStreamConsumerInput{ConsumerARN: &m.ARN})
			if absentStream(err) {
				return true, nil
			}
			return false, err
		})
	case Topic:
		_, err := l.SNS.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: &m.ARN})
		return "", err
	}
	_, err = l.SNS.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: &m.ARN})
	var invalid *snstypes.InvalidParameterException
	if errors.As(err, &invalid) && strings.Contains(strings.ToLower(invalid.ErrorMessage()), "pending") {
		return "it was never confirmed, and AWS removes it after two days", nil
	}
	return "", err
}
