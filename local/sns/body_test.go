package sns_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/weirsql/weir/local"
)

// Bodies that are far too large are refused before they are read to the end, announced or not, and take no memory.
func TestHugeBodies(t *testing.T) {
	s, _ := start(t, local.Options{})
	const size = 100 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, header := range []string{fmt.Sprintf("Content-Length: %d", size), "Transfer-Encoding: chunked"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.SNSEndpoint(), "http://"))
		if err != nil {
			t.Fatal(err)
		}
		go func() { // until the server has had enough
			fmt.Fprintf(conn, "POST / HTTP/1.1\r\nHost: sns\r\nContent-Type: application/x-www-form-urlencoded\r\n%s\r\n\r\n", header)
			piece := strings.Repeat("a=b&", 1<<14)
			for sent := 0; sent < size; sent += len(piece) {
				if strings.HasPrefix(header, "Transfer") {
					fmt.Fprintf(conn, "%x\r\n", len(piece))
				}
				if _, err := io.WriteString(conn, piece); err != nil {
					return
				}
				if strings.HasPrefix(header, "Transfer") {
					io.WriteString(conn, "\r\n")
				}
			}
		}()
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Fatalf("%s: %v", header, err)
		}
		if resp.StatusCode != http.StatusRequestEntityTooLarge || !resp.Close {
			t.Errorf("%s: %s, the connection is closed: %t", header, resp.Status, resp.Close)
		}
		conn.Close()
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
		t.Errorf("%d MB were allocated", used>>20)
	}
}

// A body that ends too early is an error, or nobody's business any more.
func TestTruncatedBody(t *testing.T) {
	s, _ := start(t, local.Options{})
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.SNSEndpoint(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "POST / HTTP/1.1\r\nHost: sns\r\nContent-Length: 100\r\n\r\nAction=CreateTopic&Name=a")
	conn.(*net.TCPConn).CloseWrite()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 400 || !strings.Contains(string(body), "<Code>MalformedInput</Code>") {
		t.Errorf("%s %s", resp.Status, body)
	}
	if _, list := post(t, s, "Action=ListTopics"); strings.Contains(list, "TopicArn") {
		t.Errorf("half a request was carried out: %s", list)
	}
}

// JSON of any depth where JSON may stand, and more parameters than anybody has, are refused in AWS's words or ours.
func TestDeepAndMany(t *testing.T) {
	s, c := start(t, local.Options{})
	arn := *topic(t, c, "a")
	subscription := *subscribe(t, c, &arn, "email", "a@example.com")
	deep := strings.Repeat(`{"a":`, 100_000) + "1" + strings.Repeat("}", 100_000)
	lists := strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)
	for form, want := range map[string]string{
		"Action=Publish&MessageStructure=json&TopicArn=" + arn + "&Message=" + deep:                                                "JSON message body failed to parse",
		"Action=Publish&MessageStructure=json&TopicArn=" + arn + "&Message=" + lists:                                               "JSON message body failed to parse",
		"Action=SetTopicAttributes&AttributeName=Policy&TopicArn=" + arn + "&AttributeValue=" + deep[:30000]:                       "Policy Error: null",
		"Action=SetTopicAttributes&AttributeName=DeliveryPolicy&TopicArn=" + arn + "&AttributeValue=" + deep:                       "failed to parse JSON",
		"Action=SetSubscriptionAttributes&AttributeName=FilterPolicy&SubscriptionArn=" + subscription + "&AttributeValue=" + deep:  "FilterPolicy: ",
		"Action=SetSubscriptionAttributes&AttributeName=FilterPolicy&SubscriptionArn=" + subscription + "&AttributeValue=" + lists: "FilterPolicy: ",
		"Action=ListTopics" + strings.Repeat("&a=b", 100_000):                                                                      "MalformedQueryString",
		"Action=ListTopics&a=%zz": "MalformedQueryString",
	} {
		if status, body := post(t, s, form); status != 400 || !strings.Contains(body, want) {
			t.Errorf("%.100s: %d %.300s, want %q", form, status, body, want)
		}
	}
	// A body of a message that is only looked at by a filter does no harm either.
	_, err := c.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{SubscriptionArn: &subscription,
		AttributeName: aws.String("FilterPolicyScope"), AttributeValue: aws.String("MessageBody")})
	if err == nil {
		_, err = c.SetSubscriptionAttributes(t.Context(), &sns.SetSubscriptionAttributesInput{SubscriptionArn: &subscription,
			AttributeName: aws.String("FilterPolicy"), AttributeValue: aws.String(`{"a":["b"]}`)})
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, message := range []string{deep[:200_000], lists, deep[:len(deep)/6]} {
		if _, err := c.Publish(t.Context(), &sns.PublishInput{TopicArn: &arn, Message: &message}); err != nil {
			t.Error(err)
		}
	}
	if mails, err := s.Mails(); err != nil || len(mails) != 0 {
		t.Errorf("%d mails, %v", len(mails), err)
	}
}

// Whatever comes is answered, by an error that says whose fault it is or by a result, and none is the server's.
func FuzzRequests(f *testing.F) {
	s, err := local.Start(f.Context(), local.Options{Clock: fixedClock{}})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { s.Close() })
	c := client(s)
	arn := *topic(f, c, "a")
	escaped := url.QueryEscape(arn)
	for _, form := range []string{
		"Action=CreateTopic&Name=b.fifo&Attributes.entry.1.key=FifoTopic&Attributes.entry.1.value=true&Tags.member.1.Key=k&Tags.member.1.Value=v",
		"Action=Subscribe&Protocol=email&Endpoint=a@example.com&TopicArn=" + escaped + "&Attributes.entry.1.key=FilterPolicy&Attributes.entry.1.value={\"a\":[{\"numeric\":[\">\",1]},null]}",
		"Action=Publish&Message=m&Subject=s&TopicArn=" + escaped + "&MessageAttributes.entry.1.Name=n&MessageAttributes.entry.1.Value.DataType=Number&MessageAttributes.entry.1.Value.StringValue=1",
		"Action=PublishBatch&PublishBatchRequestEntries.member.1.Id=1&PublishBatchRequestEntries.member.1.Message=m&TopicArn=" + escaped,
		"Action=AddPermission&Label=l&AWSAccountId.member.1=111122223333&ActionName.member.1=Publish&TopicArn=" + escaped,
		"Action=SetTopicAttributes&AttributeName=Policy&AttributeValue={\"Statement\":[{\"Effect\":\"Allow\",\"Action\":[\"sns:Publish\"]}]}&TopicArn=" + escaped,
		"Action=PutDataProtectionPolicy&DataProtectionPolicy={\"Name\":\"n\",\"Statement\":[1]}&ResourceArn=" + escaped,
		"Action=SetTopicAttributes&AttributeName=ArchivePolicy&AttributeValue={\"MessageRetentionPeriod\":1}&TopicArn=" + escaped,
		"Action=ListSubscriptionsByTopic&NextToken=c3Vic2NyaXB0aW9uIGFmdGVyIDE=&TopicArn=" + escaped,
		"Action=GetSubscriptionAttributes&SubscriptionArn=arn:aws:sns:::a", "Action=&Action=x", "%", "=", "Action=ListSMSSandboxPhoneNumbers",
	} {
		f.Add(form)
	}
	f.Fuzz(func(t *testing.T, form string) {
		if strings.Contains(form, "http") {
			return // nobody is to be called
		}
		status, body := post(t, s, form)
		if status >= 500 || !strings.HasPrefix(body, "<") {
			t.Errorf("%q: %d %s", form, status, body)
		}
	})
}
