package stack

import (
	"strings"
	"testing"
)

// No file, however it is built, makes the reader panic or go on for long.
func FuzzParse(f *testing.F) {
	f.Add("streams: [a, {name: b, shards: 2, consumers: [c]}]\ntopics: [{name: t, subscriptions: [{email: a@b.c, filter: {x: [1]}}]}]")
	f.Add("Resources: {A: {Type: AWS::Kinesis::Stream, Properties: {Name: !Sub '${A}'}}}")
	f.Add("Resources: {A: {Type: AWS::SNS::Topic, Condition: C, Properties: {TopicName: !If [C, x, y]}}}\nConditions: {C: !Or [!Condition C, !Equals [1, 1]]}")
	f.Add("Resources: {A: {Type: AWS::SNS::Topic, Properties: {Tags: &a [[*b, *b], &b [x, x]], Subscription: *a, DisplayName: !Select [7, !Split [a, b]]}}}")
	f.Add("Resources: {A: {Type: AWS::SNS::Topic, Properties: {Tags: &a [*a, *a, *a]}}}")
	f.Add(`{"Resources": {"S": {"Type": "AWS::SNS::Subscription", "Properties": {"TopicArn": {"Fn::GetAtt": "S.Arn"}, "FilterPolicy": {"Fn::FindInMap": [1, {"Ref": "S"}, []]}}}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		s, err := Parse("f.yaml", []byte(text), Environment{Name: "n", Region: "r", Account: func() (string, error) { return "1", nil }, Params: map[string]string{}})
		if (s == nil) == (err == nil) {
			t.Errorf("%v, %v", s, err)
		}
		if err != nil && !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Errorf("an error without its file: %v", err)
		}
	})
}
