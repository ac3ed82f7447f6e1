package sns_test

import (
	"encoding/xml"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/weirsql/weir/local"
)

// Every field that has a limit is taken at it, and refused beyond it in AWS's words.
func TestFieldLimits(t *testing.T) {
	s, c := start(t, local.Options{})
	arn := *topic(t, c, "a")
	a := func(n int) string { return strings.Repeat("a", n) }
	tags := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "&Tags.member.%d.Key=k%d&Tags.member.%[1]d.Value=v", i+1, i)
		}
		return b.String()
	}
	email := func(n int) string { return a(n-len("@example.com")) + "@example.com" }
	attribute := func(name, kind, value string) string {
		return "&MessageAttributes.entry.1.Name=" + name + "&MessageAttributes.entry.1.Value.DataType=" + kind + "&MessageAttributes.entry.1.Value.StringValue=" + value
	}
	entries := func(n, size int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, "&PublishBatchRequestEntries.member.%[1]d.Id=%[1]d&PublishBatchRequestEntries.member.%[1]d.Message=%[2]s", i+1, a(size))
		}
		return b.String()
	}
	on := "&TopicArn=" + arn
	for _, x := range []struct{ at, beyond, code, message string }{
		{"Action=CreateTopic&Name=" + a(256), "Action=CreateTopic&Name=" + a(257), "InvalidParameter", "Invalid parameter: Topic Name"},
		{"Action=CreateTopic&Name=b", "Action=CreateTopic&Name=", "InvalidParameter", "Invalid parameter: Topic Name"},
		{"Action=CreateTopic&Name=" + a(251) + ".fifo&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true",
			"Action=CreateTopic&Name=" + a(252) + ".fifo&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true", "InvalidParameter", "Invalid parameter: Topic Name Reason: …"},
		{"Action=CreateTopic&Name=c" + tags(50), "Action=CreateTopic&Name=d" + tags(51), "TagLimitExceeded", "Could not complete request: tag quota of per resource exceeded"},
		{"Action=TagResource&ResourceArn=" + arn + "&Tags.member.1.Value=&Tags.member.1.Key=" + a(128), "Action=TagResource&ResourceArn=" + arn + "&Tags.member.1.Value=&Tags.member.1.Key=" + a(129),
			"InvalidParameter", "Invalid parameter: Tag key must be between 1 and 128 characters long"},
		{"Action=TagResource&ResourceArn=" + arn + "&Tags.member.1.Key=k&Tags.member.1.Value=" + a(256), "Action=TagResource&ResourceArn=" + arn + "&Tags.member.1.Key=k&Tags.member.1.Value=" + a(257),
			"InvalidParameter", "Invalid parameter: Tag value must be at most 256 characters long"},
		{"Action=Subscribe&Protocol=email&Endpoint=" + email(320) + on, "Action=Subscribe&Protocol=email&Endpoint=" + email(321) + on, "InvalidParameter", "Invalid parameter: Email address"},
		{"Action=Subscribe&Protocol=http&Endpoint=http://127.0.0.1:1/" + a(2048-19) + on, "Action=Subscribe&Protocol=http&Endpoint=http://127.0.0.1:1/" + a(2049-19) + on,
			"InvalidParameter", "Invalid parameter: HTTP(S) endpoint"},
		{"Action=Publish&Message=m&Subject=" + a(99) + on, "Action=Publish&Message=m&Subject=" + a(100) + on, "InvalidParameter", "Invalid parameter: Subject"},
		{"Action=Publish&Message=m" + on, "Action=Publish&Message=" + on, "InvalidParameter", "Invalid parameter: Empty message"},
		{"Action=Publish&Message=" + a(262144) + on, "Action=Publish&Message=" + a(262145) + on, "InvalidParameter", "Invalid parameter: Message too long"},
		{"Action=Publish&Message=" + a(262144-8) + attribute("k", "String", "v") + on, "Action=Publish&Message=" + a(262144-7) + attribute("k", "String", "v") + on,
			"InvalidParameter", "Invalid parameter: Message too long"},
		{"Action=Publish&Message=m" + attribute(a(256), "String", "v") + on, "Action=Publish&Message=m" + attribute(a(257), "String", "v") + on,
			"ParameterValueInvalid", "The message attribute name '" + a(256) + "' is invalid: …"},
		{"Action=Publish&Message=m" + attribute("k", "Number", "1e9") + on, "Action=Publish&Message=m" + attribute("k", "Number", "1e1000") + on,
			"ParameterValueInvalid", "Could not cast message attribute 'k' value to number."},
		{"Action=Publish&Message=m&MessageGroupId=" + a(128) + on, "Action=Publish&Message=m&MessageGroupId=" + a(129) + on,
			"InvalidParameter", "Invalid parameter: MessageGroupId Reason: It can contain 1 to 128 alphanumeric or punctuation characters"},
		{"Action=PublishBatch" + entries(10, 1) + on, "Action=PublishBatch" + entries(11, 1) + on, "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible."},
		{"Action=PublishBatch" + entries(8, 32768) + on, "Action=PublishBatch" + entries(8, 32769) + on, "BatchRequestTooLong", "The length of all the batch messages put together is more than the limit."},
		{"Action=PublishBatch&PublishBatchRequestEntries.member.1.Message=m&PublishBatchRequestEntries.member.1.Id=" + a(80) + on,
			"Action=PublishBatch&PublishBatchRequestEntries.member.1.Message=m&PublishBatchRequestEntries.member.1.Id=" + a(81) + on,
			"InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification."},
		{"Action=SetTopicAttributes&AttributeName=DisplayName&AttributeValue=" + url.QueryEscape(strings.Repeat("ä", 100)) + on,
			"Action=SetTopicAttributes&AttributeName=DisplayName&AttributeValue=" + url.QueryEscape(strings.Repeat("ä", 101)) + on, "InvalidParameter", "Invalid parameter: DisplayName"},
		{"Action=ListTopics&NextToken=", "Action=ListTopics&NextToken=" + a(5000), "InvalidParameter", "Invalid parameter: NextToken"},
	} {
		if status, body := post(t, s, x.at); status != 200 {
			t.Errorf("%.120s… at the limit: %d %.300s", x.at, status, body)
		}
		status, body := post(t, s, x.beyond)
		var got struct {
			Error struct{ Code, Message string }
		}
		if err := xml.Unmarshal([]byte(body), &got); err != nil {
			t.Fatal(err)
		}
		want, open := strings.CutSuffix(x.message, "…")
		if status != 400 && x.code != "TagLimitExceeded" || got.Error.Code != x.code || got.Error.Message != want && !(open && strings.HasPrefix(got.Error.Message, want)) {
			t.Errorf("%.120s… beyond the limit: %d %.300s, want %s %.300q", x.beyond, status, body, x.code, x.message)
		}
	}
}
