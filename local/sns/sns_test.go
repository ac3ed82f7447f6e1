package sns_test

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/local"
	"github.com/weirsql/weir/local/internal/testclient"
	localsns "github.com/weirsql/weir/local/sns"
)

type fixedClock struct{}

func (fixedClock) Now() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 5e8, time.UTC) }

func start(t testing.TB, o local.Options) (*local.Server, *sns.Client) {
	t.Helper()
	o.Clock = fixedClock{}
	s, err := local.Start(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s, client(s)
}

func client(s *local.Server) *sns.Client {
	return sns.NewFromConfig(aws.Config{
		Region:      "us-east-1",
		Credentials: credentials.NewStaticCredentialsProvider("any", "any", ""),
	}, func(o *sns.Options) {
		o.BaseEndpoint = aws.String(s.SNSEndpoint())
		o.RetryMaxAttempts = 1
		o.HTTPClient = testclient.HTTP{}
	})
}

func topic(t testing.TB, c *sns.Client, name string) *string {
	t.Helper()
	out, err := c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: &name})
	if err != nil {
		t.Fatal(err)
	}
	return out.TopicArn
}

func subscribe(t testing.TB, c *sns.Client, topic *string, protocol, endpoint string) *string {
	t.Helper()
	out, err := c.Subscribe(t.Context(), &sns.SubscribeInput{TopicArn: topic, Protocol: &protocol, Endpoint: &endpoint})
	if err != nil {
		t.Fatal(err)
	}
	return out.SubscriptionArn
}

func TestTopics(t *testing.T) {
	_, c := start(t, local.Options{})
	ctx := t.Context()
	arn := topic(t, c, "alerts")
	if *arn != "arn:aws:sns:us-east-1:000000000000:alerts" || *topic(t, c, "alerts") != *arn {
		t.Errorf("topic ARN %s", *arn)
	}
	if _, err := c.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: arn, AttributeName: aws.String("DisplayName"), AttributeValue: aws.String("Alerts")}); err != nil {
		t.Fatal(err)
	}
	subscribe(t, c, arn, "email", "ops@example.com")
	got, err := c.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: arn})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"DisplayName": "Alerts", "Owner": "000000000000", "SubscriptionsConfirmed": "1",
		"SubscriptionsDeleted": "0", "SubscriptionsPending": "0", "TopicArn": *arn}
	policy := `{"http":{"defaultHealthyRetryPolicy":{"numRetries":3,"numNoDelayRetries":0,"minDelayTarget":20,"numMinDelayRetries":0,"maxDelayTarget":20,` +
		`"numMaxDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`
	want["EffectiveDeliveryPolicy"] = policy
	// The policy that AWS gives to every topic.
	want["Policy"] = `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},` +
		`"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe",` +
		`"SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"` + *arn + `","Condition":{"StringEquals":{"AWS:SourceOwner":"000000000000"}}}]}`
	if diff := cmp.Diff(want, got.Attributes); diff != "" {
		t.Error(diff)
	}
	_, err = c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("alerts"), Attributes: map[string]string{"DisplayName": "Other"}})
	var invalid *types.InvalidParameterException
	if !errors.As(err, &invalid) || invalid.ErrorMessage() != "Invalid parameter: Attributes Reason: Topic already exists with different attributes" {
		t.Errorf("other attributes: %v", err)
	}

	for i := range 120 {
		topic(t, c, fmt.Sprintf("t%03d", i))
	}
	var names []string
	for p := sns.NewListTopicsPaginator(c, &sns.ListTopicsInput{}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range page.Topics {
			names = append(names, *x.TopicArn)
		}
	}
	if len(names) != 121 || names[0] != *arn || !strings.HasSuffix(names[120], ":t119") {
		t.Errorf("%d topics, %v…", len(names), names[:2])
	}

	for range 2 { // deleting twice is no error
		if _, err := c.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: arn}); err != nil {
			t.Error(err)
		}
	}
	var notFound *types.NotFoundException
	if _, err := c.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: arn}); !errors.As(err, &notFound) || notFound.ErrorMessage() != "Topic does not exist" {
		t.Errorf("deleted topic: %v", err)
	}
	if subs, err := c.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{}); err != nil || len(subs.Subscriptions) != 0 {
		t.Errorf("subscriptions of the deleted topic: %v %v", subs, err)
	}
}

func TestSubscriptions(t *testing.T) {
	_, c := start(t, local.Options{})
	ctx := t.Context()
	a, b := topic(t, c, "a"), topic(t, c, "b")
	first := subscribe(t, c, a, "email", "z@example.com")
	if again := subscribe(t, c, a, "email", "z@example.com"); *again != *first {
		t.Errorf("subscribed twice: %s and %s", *first, *again)
	}
	subscribe(t, c, b, "email-json", "a@example.com")
	for i := range 110 {
		subscribe(t, c, b, "email", fmt.Sprintf("u%d@example.com", i))
	}
	list := func(topic *string) (ends []string) {
		t.Helper()
		for token := (*string)(nil); ; {
			var subs []types.Subscription
			if topic == nil {
				out, err := c.ListSubscriptions(ctx, &sns.ListSubscriptionsInput{NextToken: token})
				if err != nil {
					t.Fatal(err)
				}
				subs, token = out.Subscriptions, out.NextToken
			} else {
				out, err := c.ListSubscriptionsByTopic(ctx, &sns.ListSubscriptionsByTopicInput{TopicArn: topic, NextToken: token})
				if err != nil {
					t.Fatal(err)
				}
				subs, token = out.Subscriptions, out.NextToken
			}
			for _, s := range subs {
				if *s.Owner != "000000000000" || !strings.HasPrefix(*s.SubscriptionArn, *s.TopicArn+":") {
					t.Errorf("subscription %+v", s)
				}
				ends = append(ends, *s.Protocol+" "+*s.Endpoint)
			}
			if token == nil {
				return ends
			}
		}
	}
	if got := list(nil); len(got) != 112 || got[0] != "email z@example.com" || got[1] != "email-json a@example.com" || got[111] != "email u109@example.com" {
		t.Errorf("all: %d, %v…", len(got), got[:2])
	}
	if got := list(a); len(got) != 1 {
		t.Errorf("of a: %v", got)
	}
	for range 2 { // unsubscribing twice is no error
		if _, err := c.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: first}); err != nil {
			t.Error(err)
		}
	}
	if got := list(a); len(got) != 0 {
		t.Errorf("of a, after Unsubscribe: %v", got)
	}
}

// A published message becomes one mail per subscriber, in the order they subscribed.
func TestPublish(t *testing.T) {
	var mu sync.Mutex
	var told []string
	s, c := start(t, local.Options{Seed: 1, OnMail: func(m localsns.Mail) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, m.File)
	}})
	ctx := t.Context()
	arn := topic(t, c, "alerts")
	sub := subscribe(t, c, arn, "email", "ops@example.com")
	subscribe(t, c, arn, "email-json", "json@example.com")
	out, err := c.Publish(ctx, &sns.PublishInput{
		TopicArn: arn, Subject: aws.String("Anomaly: 7 users"), Message: aws.String("score 3.5\nat 12:00"),
		MessageAttributes: map[string]types.MessageAttributeValue{
			"n": {DataType: aws.String("Number"), StringValue: aws.String("7")},
			"b": {DataType: aws.String("Binary"), BinaryValue: []byte{1, 2}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mails, err := s.Mails()
	if err != nil {
		t.Fatal(err)
	}
	if len(mails) != 2 || len(*out.MessageId) != 36 {
		t.Fatalf("%d mails, message %s", len(mails), *out.MessageId)
	}
	footer := "\n\n--\nIf you wish to stop receiving notifications from this topic, please click or visit the link below to unsubscribe:\n" +
		"https://sns.us-east-1.amazonaws.com/unsubscribe.html?SubscriptionArn=" + *sub + "&Endpoint=ops%40example.com\n\n" +
		"Please do not reply directly to this email. If you have any questions or comments regarding this email, please contact us at https://aws.amazon.com/support\n"
	want := localsns.Mail{
		File: "000001-ops@example.com.eml", From: `"AWS Notifications" <no-reply@sns.amazonaws.com>`, To: "ops@example.com",
		Subject: "Anomaly: 7 users", Date: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Message: "score 3.5\nat 12:00",
		Body: "score 3.5\nat 12:00" + footer, MessageID: *out.MessageId, TopicARN: *arn,
	}
	if diff := cmp.Diff(want, mails[0]); diff != "" {
		t.Errorf("mail: %s", diff)
	}
	var n map[string]any
	if err := json.Unmarshal([]byte(mails[1].Message), &n); err != nil {
		t.Fatal(err)
	}
	verify(t, n)
	for _, k := range []string{"UnsubscribeURL", "Signature", "SigningCertURL"} {
		delete(n, k)
	}
	wantJSON := map[string]any{"Type": "Notification", "MessageId": *out.MessageId, "TopicArn": *arn, "Subject": "Anomaly: 7 users",
		"Message": "score 3.5\nat 12:00", "Timestamp": "2026-03-01T12:00:00.500Z", "SignatureVersion": "1",
		"MessageAttributes": map[string]any{"n": map[string]any{"Type": "Number", "Value": "7"}, "b": map[string]any{"Type": "Binary", "Value": "AQI="}}}
	if diff := cmp.Diff(wantJSON, n); diff != "" {
		t.Errorf("email-json: %s", diff)
	}
	mu.Lock()
	files := strings.Join(told, " ")
	mu.Unlock()
	if got := files; got != "000001-ops@example.com.eml 000002-json@example.com.eml" {
		t.Errorf("told of %s", got)
	}

	if _, err := c.Publish(ctx, &sns.PublishInput{TargetArn: arn, MessageStructure: aws.String("json"),
		Message: aws.String(`{"default":"d","email":"for people","sqs":7}`)}); err != nil {
		t.Fatal(err)
	}
	if mails, err = s.Mails(); err != nil || mails[2].Message != "for people" || mails[2].Subject != "AWS Notification Message" ||
		!strings.Contains(mails[3].Message, `"Message": "d"`) {
		t.Errorf("by protocol: %+v %v", mails[2:], err)
	}
}

func TestPublishBatch(t *testing.T) {
	var fault atomic.Pointer[local.Fault]
	s, c := start(t, local.Options{Intercept: func(action string, _ []byte) *local.Fault {
		if action == "PublishBatch" {
			return fault.Load()
		}
		return nil
	}})
	arn := topic(t, c, "alerts")
	subscribe(t, c, arn, "email", "ops@example.com")
	in := &sns.PublishBatchInput{TopicArn: arn, PublishBatchRequestEntries: []types.PublishBatchRequestEntry{
		{Id: aws.String("a"), Message: aws.String("first")},
		{Id: aws.String("b"), Message: aws.String("second"), Subject: aws.String("two\nlines")},
		{Id: aws.String("c"), Message: aws.String("third"), Subject: aws.String("3")},
	}}
	out, err := c.PublishBatch(t.Context(), in)
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Successful) != 2 || *out.Successful[1].Id != "c" || len(out.Failed) != 1 || *out.Failed[0].Id != "b" ||
		*out.Failed[0].Code != "InvalidParameter" || !out.Failed[0].SenderFault {
		t.Errorf("results: %+v %+v", out.Successful, out.Failed)
	}
	fault.Store(&local.Fault{Code: "InternalError", Entries: []int{0}})
	if out, err = c.PublishBatch(t.Context(), in); err != nil || len(out.Failed) != 2 || *out.Failed[0].Code != "InternalError" || out.Failed[0].SenderFault {
		t.Errorf("injected: %+v %v", out, err)
	}
	mails, err := s.Mails()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range mails {
		got = append(got, m.Message)
	}
	if strings.Join(got, " ") != "first third third" {
		t.Errorf("mails: %v", got)
	}
}

// Requests with mistakes, and AWS's words for them.
func TestErrors(t *testing.T) {
	s, c := start(t, local.Options{})
	arn := *topic(t, c, "t")
	entry := func(i int, id string) string {
		return fmt.Sprintf("&PublishBatchRequestEntries.member.%d.Id=%s&PublishBatchRequestEntries.member.%d.Message=m", i, id, i)
	}
	var eleven strings.Builder
	for i := range 11 {
		eleven.WriteString(entry(i+1, fmt.Sprint(i)))
	}
	for _, x := range []struct {
		form   string
		status int
		code   string
		msg    string
	}{
		{"", 400, "MissingAction", "The request must contain the parameter Action"},
		{"Action=Dance", 400, "InvalidAction", "Could not find operation Dance for version 2010-03-31"},
		{"Action=%zz", 400, "MalformedQueryString", `invalid URL escape "%zz"`},
		{"Action=CreateTopic&Name=a%20b", 400, "InvalidParameter", "Invalid parameter: Topic Name"},
		{"Action=CreateTopic&Name=" + strings.Repeat("a", 257), 400, "InvalidParameter", "Invalid parameter: Topic Name"},
		{"Action=CreateTopic&Name=a&Attributes.entry.1.key=Colour&Attributes.entry.1.value=red", 400, "InvalidParameter", "Invalid parameter: AttributeName"},
		{"Action=CreateTopic&Name=a.fifo", 400, "InvalidParameter", "Invalid parameter: Topic Name"},
		{"Action=CreateTopic&Name=a.fifo&Attributes.entry.1.key=ContentBasedDeduplication&Attributes.entry.1.value=maybe", 400, "InvalidParameter", "Invalid parameter: ContentBasedDeduplication Reason: must be true or false"},
		{"Action=CreateTopic&Name=a&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true", 400, "InvalidParameter", "Invalid parameter: Topic Name Reason: Fifo Topic names must end with .fifo and must be made up of only uppercase and lowercase ASCII letters, numbers, underscores, and hyphens, and must be between 1 and 256 characters long."},
		{"Action=CreateTopic&Name=a&Attributes.entry.1.key=ContentBasedDeduplication&Attributes.entry.1.value=true", 400, "InvalidParameter", "Invalid parameter: Attributes Reason: ContentBasedDeduplication is for FIFO topics only"},
		{"Action=CreateTopic&Name=a&Tags.member.1.Key=k&Tags.member.1.Value=v&Tags.member.2.Key=k&Tags.member.2.Value=w", 400, "InvalidParameter", "Invalid parameter: Duplicated keys are not allowed."},
		{"Action=SetTopicAttributes&AttributeName=FifoTopic&AttributeValue=true&TopicArn=" + arn, 400, "InvalidParameter", "Invalid parameter: AttributeName"},
		{"Action=SetTopicAttributes&AttributeName=SignatureVersion&AttributeValue=3&TopicArn=" + arn, 400, "InvalidParameter", "Invalid parameter: SignatureVersion"},
		{"Action=SetTopicAttributes&AttributeName=DeliveryPolicy&AttributeValue={&TopicArn=" + arn, 400, "InvalidParameter", "Invalid parameter: DeliveryPolicy: failed to parse JSON."},
		{"Action=Publish&MessageDeduplicationId=d&Message=m&TopicArn=" + arn, 400, "InvalidParameter", "Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type"},
		{"Action=Publish&MessageGroupId=a%20b&Message=m&TopicArn=" + arn, 400, "InvalidParameter", "Invalid parameter: MessageGroupId Reason: It can contain 1 to 128 alphanumeric or punctuation characters"},
		{"Action=Publish&Message=m&MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.DataType=Number&MessageAttributes.entry.1.Value.StringValue=many&TopicArn=" + arn, 400, "ParameterValueInvalid", "Could not cast message attribute 'a' value to number."},
		{"Action=ConfirmSubscription&TopicArn=" + arn, 400, "InvalidParameter", "Invalid parameter: Token Reason: no value for required parameter"},
		{"Action=ConfirmSubscription&Token=t&TopicArn=" + arn, 400, "InvalidParameter", "Invalid parameter: Token"},
		{"Action=GetSubscriptionAttributes&SubscriptionArn=" + arn + ":x", 404, "NotFound", "Subscription does not exist"},
		{"Action=ListTagsForResource&ResourceArn=" + arn + "x", 404, "ResourceNotFound", "Resource does not exist"},
		{"Action=Subscribe&TopicArn=" + arn + "&Protocol=http&Endpoint=https://example.com", 400, "InvalidParameter", "Invalid parameter: Endpoint must match the specified protocol"},
		{"Action=Subscribe&TopicArn=" + arn + "&Protocol=http&Endpoint=http://", 400, "InvalidParameter", "Invalid parameter: HTTP(S) endpoint"},
		{"Action=Publish&TopicArn=&Message=m", 400, "InvalidParameter", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"},
		{"Action=Publish&TopicArn=t&Message=m", 400, "InvalidParameter", "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"},
		{"Action=Publish&TopicArn=arn:aws:sns:us-east-1:000000000000:none&Message=m", 404, "NotFound", "Topic does not exist"},
		{"Action=Publish&Message=m", 400, "InvalidParameter", "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"},
		{"Action=Publish&PhoneNumber=1&Message=m", 400, "InvalidParameter", "Invalid parameter: PhoneNumber Reason: the embedded server sends no SMS"},
		{"Action=Publish&TopicArn=" + arn, 400, "InvalidParameter", "Invalid parameter: Empty message"},
		{"Action=Publish&TopicArn=" + arn + "&Message=m&Subject=", 400, "InvalidParameter", "Invalid parameter: Subject"},
		{"Action=Publish&TopicArn=" + arn + "&Message=m&Subject=a%0Ab", 400, "InvalidParameter", "Invalid parameter: Subject"},
		{"Action=Publish&TopicArn=" + arn + "&Message=m&Subject=" + strings.Repeat("a", 100), 400, "InvalidParameter", "Invalid parameter: Subject"},
		{"Action=Publish&TopicArn=" + arn + "&Message=" + strings.Repeat("m", 262145), 400, "InvalidParameter", "Invalid parameter: Message too long"},
		{"Action=Publish&TopicArn=" + arn + "&Message=m&MessageStructure=json", 400, "InvalidParameter", "Invalid parameter: Message Structure - JSON message body failed to parse"},
		{"Action=Publish&TopicArn=" + arn + "&Message={}&MessageStructure=json", 400, "InvalidParameter", "Invalid parameter: Message Structure - No default entry in JSON message body"},
		{"Action=Publish&TopicArn=" + arn + "&Message=m&MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.DataType=Word", 400, "ParameterValueInvalid", "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."},
		{"Action=Subscribe&TopicArn=" + arn + "&Protocol=email&Endpoint=nobody", 400, "InvalidParameter", "Invalid parameter: Email address"},
		{"Action=Subscribe&TopicArn=" + arn + "&Protocol=pigeon&Endpoint=x", 400, "InvalidParameter", "Invalid parameter: Amazon SNS does not support this protocol string: pigeon"},
		{"Action=Subscribe&TopicArn=" + arn + "&Protocol=sqs&Endpoint=x", 400, "InvalidParameter", "Invalid parameter: Protocol Reason: the embedded server delivers to email, email-json, http and https, not to sqs"},
		{"Action=Subscribe&Protocol=email&Endpoint=a@b.c", 400, "InvalidParameter", "Invalid parameter: TopicArn Reason: no value for required parameter"},
		{"Action=Unsubscribe&SubscriptionArn=x", 400, "InvalidParameter", "Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1"},
		{"Action=ListTopics&NextToken=x", 400, "InvalidParameter", "Invalid parameter: NextToken"},
		{"Action=PublishBatch&TopicArn=" + arn, 400, "EmptyBatchRequest", "The batch request doesn't contain any entries."},
		{"Action=PublishBatch&TopicArn=" + arn + entry(1, "a") + entry(2, "a"), 400, "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id."},
		{"Action=PublishBatch&TopicArn=" + arn + entry(1, "a!"), 400, "InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification."},
		{"Action=PublishBatch&TopicArn=" + arn + eleven.String(), 400, "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible."},
		{"Action=ListTopics&x=" + strings.Repeat("m", 2<<20), 413, "RequestEntityTooLarge", "the request body exceeds 2097152 bytes"},
	} {
		status, body := post(t, s, x.form)
		var got struct {
			XMLName   xml.Name `xml:"http://sns.amazonaws.com/doc/2010-03-31/ ErrorResponse"`
			Error     struct{ Type, Code, Message string }
			RequestId string
		}
		if err := xml.Unmarshal([]byte(body), &got); err != nil {
			t.Errorf("%.100s: %s: %v", x.form, body, err)
		}
		if status != x.status || got.Error.Code != x.code || got.Error.Message != x.msg || got.Error.Type != "Sender" || len(got.RequestId) != 36 {
			t.Errorf("%.100s\n got %d %+v\nwant %d %s %q", x.form, status, got, x.status, x.code, x.msg)
		}
	}
}

func post(t testing.TB, s *local.Server, form string) (int, string) {
	t.Helper()
	resp, err := http.Post(s.SNSEndpoint(), "application/x-www-form-urlencoded", strings.NewReader(form))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

func TestInjectedError(t *testing.T) {
	s, c := start(t, local.Options{Intercept: func(action string, _ []byte) *local.Fault {
		if action == "Publish" {
			return &local.Fault{Code: "Throttled", Status: 429, Apply: true}
		}
		return nil
	}})
	arn := topic(t, c, "t")
	subscribe(t, c, arn, "email", "a@example.com")
	_, err := c.Publish(t.Context(), &sns.PublishInput{TopicArn: arn, Message: aws.String("m")})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "Throttled" {
		t.Errorf("got %v", err)
	}
	if mails, err := s.Mails(); err != nil || len(mails) != 1 {
		t.Errorf("applied before it failed: %d mails, %v", len(mails), err)
	}
}

// Topics, subscriptions and mails are there again after a restart, and the numbering goes on.
func TestRestart(t *testing.T) {
	dir := t.TempDir()
	var arn *string
	for i := range 2 {
		s, err := local.Start(context.Background(), local.Options{Dir: dir, Clock: fixedClock{}})
		if err != nil {
			t.Fatal(err)
		}
		c := client(s)
		if i == 0 {
			arn = topic(t, c, "alerts")
			subscribe(t, c, arn, "email", "ops@example.com")
		}
		if _, err := c.Publish(t.Context(), &sns.PublishInput{TopicArn: arn, Message: aws.String(fmt.Sprint("m", i))}); err != nil {
			t.Fatal(err)
		}
		mails, err := s.Mails()
		if err != nil || len(mails) != i+1 || mails[i].Message != fmt.Sprint("m", i) {
			t.Errorf("run %d: %+v %v", i, mails, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	names, err := filepath.Glob(filepath.Join(dir, "outbox", "*"))
	if err != nil || len(names) != 2 || filepath.Base(names[1]) != "000002-ops@example.com.eml" {
		t.Errorf("outbox: %v %v", names, err)
	}
	raw, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(strings.ReplaceAll(string(raw), "\r\n", ""), "\n") || !strings.Contains(string(raw), "\r\n\r\nm0\r\n") {
		t.Errorf("lines of the file: %q", raw)
	}
}

// The same seed and the same calls give the same bytes.
func TestSeed(t *testing.T) {
	run := func() (files []string) {
		s, c := start(t, local.Options{Seed: 42})
		arn := topic(t, c, "alerts")
		subscribe(t, c, arn, "email", "ops@example.com")
		if _, err := c.Publish(t.Context(), &sns.PublishInput{TopicArn: arn, Message: aws.String("m")}); err != nil {
			t.Fatal(err)
		}
		mails, err := s.Mails()
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mails {
			files = append(files, fmt.Sprintf("%+v", m))
		}
		return files
	}
	if diff := cmp.Diff(run(), run()); diff != "" {
		t.Error(diff)
	}
}

func FuzzRequest(f *testing.F) {
	s, c := start(f, local.Options{})
	arn, err := c.CreateTopic(context.Background(), &sns.CreateTopicInput{Name: aws.String("t")})
	if err != nil {
		f.Fatal(err)
	}
	f.Add("Action=Publish&Message=m&TopicArn=" + url.QueryEscape(*arn.TopicArn))
	f.Add("Action=PublishBatch&PublishBatchRequestEntries.member.1.Id=a&PublishBatchRequestEntries.member.1.Message=m&TopicArn=" + url.QueryEscape(*arn.TopicArn))
	f.Add("Action=Subscribe&Protocol=email&Endpoint=a@b.c&TopicArn=x&Attributes.entry.1.key=k")
	f.Add("Action=Subscribe&Protocol=email&Endpoint=a@b.c&Attributes.entry.1.key=FilterPolicy&Attributes.entry.1.value={\"a\":[{\"exists\":true}]}&TopicArn=" + url.QueryEscape(*arn.TopicArn))
	f.Add("Action=CreateTopic&Name=a.fifo&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true&Tags.member.1.Key=k&Tags.member.1.Value=v")
	f.Add("Action=Publish&MessageGroupId=g&MessageDeduplicationId=d&Message=m&TopicArn=" + url.QueryEscape(*arn.TopicArn))
	f.Add("Action=TagResource&Tags.member.1.Key=k&Tags.member.1.Value=v&ResourceArn=" + url.QueryEscape(*arn.TopicArn))
	f.Add("Action=UntagResource&TagKeys.member.1=k&ResourceArn=" + url.QueryEscape(*arn.TopicArn))
	f.Add("Action=ConfirmSubscription&Token=t&TopicArn=" + url.QueryEscape(*arn.TopicArn))
	f.Add("Action=ListTopics&NextToken=dG9waWMgYWZ0ZXIg")
	f.Fuzz(func(t *testing.T, form string) {
		status, body := post(t, s, form)
		if status >= 500 || xml.Unmarshal([]byte(body), new(struct{})) != nil {
			t.Errorf("%d %s", status, body)
		}
	})
}
