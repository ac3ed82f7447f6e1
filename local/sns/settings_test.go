package sns_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/weirsql/weir/local"
)

// statements are the labels of a topic's policy, with principals and actions.
func statements(t *testing.T, c *sns.Client, topic *string) (all []string) {
	t.Helper()
	got, err := c.GetTopicAttributes(t.Context(), &sns.GetTopicAttributesInput{TopicArn: topic})
	if err != nil {
		t.Fatal(err)
	}
	var policy struct {
		Version   string
		Statement []struct {
			Sid, Effect, Resource string
			Principal, Action     any
		}
	}
	if err := json.Unmarshal([]byte(got.Attributes["Policy"]), &policy); err != nil {
		t.Fatal(err)
	}
	for _, s := range policy.Statement {
		if s.Effect != "Allow" || s.Resource != *topic {
			t.Errorf("statement %+v", s)
		}
		if s.Sid != "__default_statement_ID" {
			all = append(all, fmt.Sprintf("%s %v %v", s.Sid, s.Principal, s.Action))
		}
	}
	return all
}

// Permissions are statements of the topic's policy.
func TestPermissions(t *testing.T) {
	_, c := start(t, local.Options{})
	ctx := t.Context()
	arn := topic(t, c, "alerts")
	add := func(label string, accounts, actions []string) error {
		_, err := c.AddPermission(ctx, &sns.AddPermissionInput{TopicArn: arn, Label: &label, AWSAccountId: accounts, ActionName: actions})
		return err
	}
	if err := errors.Join(add("one", []string{"111122223333"}, []string{"Publish"}),
		add("two", []string{"111122223333", "444455556666"}, []string{"Publish", "Subscribe"})); err != nil {
		t.Fatal(err)
	}
	one := "one map[AWS:arn:aws:iam::111122223333:root] SNS:Publish"
	two := "two map[AWS:[arn:aws:iam::111122223333:root arn:aws:iam::444455556666:root]] [SNS:Publish SNS:Subscribe]"
	if diff := cmp.Diff([]string{one, two}, statements(t, c, arn)); diff != "" {
		t.Error(diff)
	}
	for message, err := range map[string]error{
		"Statement already exists":                                        add("one", []string{"111122223333"}, []string{"Publish"}),
		"Policy statement action out of service scope!":                   add("three", []string{"111122223333"}, []string{"CreateTopic"}),
		`AWSAccountId Reason: "me" is no account of 12 digits`:            add("three", []string{"me"}, []string{"Publish"}),
		"AWSAccountId Reason: no value for required parameter":            add("three", []string{}, []string{"Publish"}),
		"ActionName Reason: no value for required parameter":              add("three", []string{"111122223333"}, []string{}),
		"Policy Error: null":                                              setTopic(t, c, arn, "Policy", `{"Version":"2012-10-17"`),
		"Policy Reason: it must be at most 30720 characters long":         setTopic(t, c, arn, "Policy", strings.Repeat(" ", 30721)),
		"TracingConfig Reason: must be PassThrough or Active":             setTopic(t, c, arn, "TracingConfig", "Passive"),
		"HTTPSuccessFeedbackSampleRate Reason: must be between 0 and 100": setTopic(t, c, arn, "HTTPSuccessFeedbackSampleRate", "101"),
		"LambdaFailureFeedbackRoleArn Reason: must be the ARN of a role":  setTopic(t, c, arn, "LambdaFailureFeedbackRoleArn", "me"),
		"MaximumMessageSize Reason: must be between 1024 and 262144":      setTopic(t, c, arn, "MaximumMessageSize", "1023"),
		"AttributeName Reason: ArchivePolicy is for FIFO topics only":     setTopic(t, c, arn, "ArchivePolicy", `{"MessageRetentionPeriod":"30"}`),
		"AttributeName": setTopic(t, c, arn, "HTTPFeedback", "x"),
		"DisplayName":   setTopic(t, c, arn, "DisplayName", strings.Repeat("ä", 101)),
		"FifoThroughputScope Reason: must be Topic or MessageGroup":                   setTopic(t, c, arn, "FifoThroughputScope", "All"),
		"ArchivePolicy Reason: MessageRetentionPeriod must be between 1 and 365 days": setTopic(t, c, arn, "ArchivePolicy", `{"MessageRetentionPeriod":"366"}`),
	} {
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "InvalidParameter" || api.ErrorMessage() != "Invalid parameter: "+message {
			t.Errorf("%v, want %q", err, message)
		}
	}
	for range 2 { // twice is no error
		if _, err := c.RemovePermission(ctx, &sns.RemovePermissionInput{TopicArn: arn, Label: aws.String("one")}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{two}, statements(t, c, arn)); diff != "" {
		t.Error(diff)
	}

	// At their limits all attributes are taken, and shown.
	want := map[string]string{
		"DisplayName": strings.Repeat("ä", 100), "TracingConfig": "Active", "HTTPSuccessFeedbackSampleRate": "100", "MaximumMessageSize": "262144",
		"HTTPFailureFeedbackRoleArn": "arn:aws:iam::111122223333:role/log", "KmsMasterKeyId": "alias/aws/sns",
	}
	for name, value := range want {
		if err := setTopic(t, c, arn, name, value); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := c.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: arn})
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if got.Attributes[name] != value {
			t.Errorf("%s is %q, want %q", name, got.Attributes[name], value)
		}
	}
}

func setTopic(t *testing.T, c *sns.Client, topic *string, name, value string) error {
	_, err := c.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: topic, AttributeName: &name, AttributeValue: &value})
	return err
}

// A data protection policy is kept with its topic, and with its limits.
func TestDataProtection(t *testing.T) {
	_, c := start(t, local.Options{})
	ctx := t.Context()
	policy := `{"Name":"mask","Version":"2021-06-01","Statement":[{"Sid":"mask","DataDirection":"Inbound","Principal":["*"],"DataIdentifier":[],"Operation":{"Deidentify":{"MaskConfig":{}}}}]}`
	made, err := c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("a"), DataProtectionPolicy: &policy})
	if err != nil {
		t.Fatal(err)
	}
	arn := made.TopicArn
	get := func() string {
		t.Helper()
		out, err := c.GetDataProtectionPolicy(ctx, &sns.GetDataProtectionPolicyInput{ResourceArn: arn})
		if err != nil {
			t.Fatal(err)
		}
		return aws.ToString(out.DataProtectionPolicy)
	}
	if got := get(); got != policy {
		t.Errorf("policy %s", got)
	}
	put := func(arn, policy string) error {
		_, err := c.PutDataProtectionPolicy(ctx, &sns.PutDataProtectionPolicyInput{ResourceArn: &arn, DataProtectionPolicy: &policy})
		return err
	}
	longest := policy + strings.Repeat(" ", 30720-len(policy))
	if err := put(*arn, longest); err != nil {
		t.Error(err)
	}
	if err := setTopic(t, c, arn, "DisplayName", "a"); err != nil || get() != longest { // which leaves it alone
		t.Errorf("after another change: %v, policy of %d bytes", err, len(get()))
	}
	fifo, err := c.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("a.fifo"), Attributes: map[string]string{"FifoTopic": "true"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct{ arn, policy, want string }{
		{*arn, longest + " ", "InvalidParameter Invalid parameter: DataProtectionPolicy Reason: it must be at most 30720 characters long"},
		{*arn, "{", "InvalidParameter Invalid parameter: DataProtectionPolicy Reason: failed to parse JSON."},
		{*arn, "{}", "InvalidParameter Invalid parameter: DataProtectionPolicy Reason: it needs a Name and a Statement"},
		{*fifo.TopicArn, policy, "InvalidParameter Invalid parameter: DataProtectionPolicy Reason: FIFO topics do not support it"},
		{*arn + "x", policy, "NotFound Topic does not exist"},
	} {
		var api smithy.APIError
		if err := put(x.arn, x.policy); !errors.As(err, &api) || api.ErrorCode()+" "+api.ErrorMessage() != x.want {
			t.Errorf("%v, want %s", err, x.want)
		}
	}
}

// What the server has no use for is refused with the reason, not as unknown.
func TestNoTelephones(t *testing.T) {
	_, c := start(t, local.Options{})
	for want, call := range map[string]func() error{
		"GetSMSAttributes: the embedded server sends no SMS": func() error {
			_, err := c.GetSMSAttributes(t.Context(), &sns.GetSMSAttributesInput{})
			return err
		},
		"ListPlatformApplications: the embedded server sends nothing to telephones": func() error {
			_, err := c.ListPlatformApplications(t.Context(), &sns.ListPlatformApplicationsInput{})
			return err
		},
	} {
		var api smithy.APIError
		if err := call(); !errors.As(err, &api) || api.ErrorCode() != "InvalidAction" || !strings.HasPrefix(api.ErrorMessage(), want) {
			t.Errorf("%v, want %s…", err, want)
		}
	}
}

// With credentials asked for, an SDK that has them works and others get the errors of the query protocol; the links of
// notifications go on working.
func TestRequireAuth(t *testing.T) {
	s, err := local.Start(context.Background(), local.Options{AccessKey: "AKIDEXAMPLE", SecretKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	call := func(key, secret string) error {
		c := sns.NewFromConfig(aws.Config{Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider(key, secret, "")},
			func(o *sns.Options) { o.BaseEndpoint, o.RetryMaxAttempts = aws.String(s.SNSEndpoint()), 1 })
		_, err := c.CreateTopic(t.Context(), &sns.CreateTopicInput{Name: aws.String("a"), Attributes: map[string]string{"DisplayName": "a b+c~d"}})
		return err
	}
	if err := call("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"); err != nil {
		t.Error(err)
	}
	for _, x := range []struct{ key, secret, code string }{
		{"AKIDEXAMPLE", "wrong", "SignatureDoesNotMatch"},
		{"OTHER", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "InvalidClientTokenId"},
	} {
		var api smithy.APIError
		if err := call(x.key, x.secret); !errors.As(err, &api) || api.ErrorCode() != x.code {
			t.Errorf("%s %s: %v, want %s", x.key, x.secret, err, x.code)
		}
	}
	for form, want := range map[string]string{
		"Action=ListTopics": "<Code>MissingAuthenticationToken</Code><Message>Request is missing Authentication Token</Message>",
		"Action=Nothing":    "<Code>MissingAuthenticationToken</Code>",
		"Action=Unsubscribe&SubscriptionArn=arn:aws:sns:us-east-1:000000000000:a:b":        "<UnsubscribeResponse",
		"Action=ConfirmSubscription&Token=t&TopicArn=arn:aws:sns:us-east-1:000000000000:a": "<Message>Invalid parameter: Token</Message>",
	} {
		status, body := post(t, s, form)
		if !strings.Contains(body, want) || strings.Contains(want, "Missing") != (status == http.StatusForbidden) {
			t.Errorf("%s: %d %s", form, status, body)
		}
	}
}

// A subscription that was confirmed with AuthenticateOnUnsubscribe isn't ended by the link in its notifications.
func TestAuthenticateOnUnsubscribe(t *testing.T) {
	e := newEndpoint(t, always(200))
	s, c := start(t, local.Options{})
	arn := topic(t, c, "a")
	subscribe(t, c, arn, "http", e.URL)
	var asked struct{ Token string }
	if err := json.Unmarshal([]byte(e.next(t).body), &asked); err != nil {
		t.Fatal(err)
	}
	confirmed, err := c.ConfirmSubscription(t.Context(), &sns.ConfirmSubscriptionInput{TopicArn: arn, Token: &asked.Token, AuthenticateOnUnsubscribe: aws.String("true")})
	if err != nil {
		t.Fatal(err)
	}
	status, body := post(t, s, "Action=Unsubscribe&SubscriptionArn="+url.QueryEscape(*confirmed.SubscriptionArn))
	if status != http.StatusForbidden || !strings.Contains(body, "<Code>AuthorizationError</Code>") {
		t.Errorf("unsigned: %d %s", status, body)
	}
	if _, err := c.Unsubscribe(t.Context(), &sns.UnsubscribeInput{SubscriptionArn: confirmed.SubscriptionArn}); err != nil {
		t.Error(err)
	}
	if subs, err := c.ListSubscriptions(t.Context(), &sns.ListSubscriptionsInput{}); err != nil || len(subs.Subscriptions) != 0 {
		t.Errorf("subscriptions that are left: %v %v", subs, err)
	}
}
