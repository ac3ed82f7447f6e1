package sns

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// AddPermission and RemovePermission:
//
//	https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html
//	https://docs.aws.amazon.com/sns/latest/api/API_RemovePermission.html
//
// They add a statement to the topic's attribute Policy, and take it out again. Nobody is held to the policy here. Removing a
// statement that isn't there is no error.

// permitted are the actions that a topic's policy may name.
var permitted = []string{
	"AddPermission", "DeleteTopic", "GetTopicAttributes", "ListSubscriptionsByTopic", "Publish", "Receive", "RemovePermission",
	"SetTopicAttributes", "Subscribe",
}

// accessPolicy is a topic's Policy. Statements are kept as they were written.
type accessPolicy struct {
	Version   string            `json:"Version,omitempty"`
	ID        string            `json:"Id,omitempty"`
	Statement []json.RawMessage `json:"Statement"`
}

// policyStatement is a statement that this server writes.
type policyStatement struct {
	Sid       string         `json:"Sid"`
	Effect    string         `json:"Effect"`
	Principal map[string]any `json:"Principal"`
	Action    any            `json:"Action"` // one or a list
	Resource  string         `json:"Resource"`
	Condition any            `json:"Condition,omitempty"`
}

// defaultPolicy is the Policy of a topic that was given none: its owner may do everything.
func (s *Service) defaultPolicy(t *topic) string {
	statement := policyStatement{
		Sid: "__default_statement_ID", Effect: "Allow", Principal: map[string]any{"AWS": "*"},
		Action: []string{"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission", "SNS:DeleteTopic",
			"SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"},
		Resource:  s.topicARN(t.Name),
		Condition: map[string]any{"StringEquals": map[string]any{"AWS:SourceOwner": s.env.Account}},
	}
	return jsonText(accessPolicy{Version: "2008-10-17", ID: "__default_policy_ID", Statement: []json.RawMessage{json.RawMessage(jsonText(statement))}})
}

// policyOf is the topic's Policy.
func (s *Service) policyOf(t *topic) string {
	if text := t.Attributes["Policy"]; text != "" {
		return text
	}
	return s.defaultPolicy(t)
}

// readAccessPolicy reads the text of a Policy, whose actions must be a topic's.
func readAccessPolicy(text string) (p accessPolicy, err error) {
	if json.Unmarshal([]byte(text), &p) != nil || len(p.Statement) == 0 {
		return p, invalidParameter("Policy Error: null")
	}
	for _, raw := range p.Statement {
		var statement struct {
			Effect string
			Action any
		}
		if json.Unmarshal(raw, &statement) != nil || statement.Effect != "Allow" && statement.Effect != "Deny" {
			return p, invalidParameter("Policy Error: null")
		}
		for _, action := range oneOrMany(statement.Action) {
			service, name, _ := strings.Cut(action, ":")
			known := slices.ContainsFunc(permitted, func(p string) bool { return strings.EqualFold(p, name) })
			if !strings.EqualFold(service, "sns") || !known {
				return p, invalidParameter("Policy statement action out of service scope!")
			}
		}
	}
	return p, nil
}

func oneOrMany(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			if text, ok := e.(string); ok {
				all = append(all, text)
			}
		}
	}
	return all
}

// label is the Sid of a statement.
func label(statement json.RawMessage) string {
	var s struct{ Sid string }
	if json.Unmarshal(statement, &s) != nil {
		return "" // one that was never accepted
	}
	return s.Sid
}

func (s *Service) addPermission(r *request) (any, error) {
	name, err := r.need("Label")
	if err != nil {
		return nil, err
	}
	accounts, actions := r.list("AWSAccountId"), r.list("ActionName")
	switch {
	case len(accounts) == 0:
		return nil, invalidParameter("AWSAccountId Reason: no value for required parameter")
	case len(actions) == 0:
		return nil, invalidParameter("ActionName Reason: no value for required parameter")
	}
	var principals, scoped []string
	for _, a := range accounts {
		if len(a) != 12 || strings.Trim(a, "0123456789") != "" {
			return nil, invalidParameter("AWSAccountId Reason: %q is no account of 12 digits", a)
		}
		principals = append(principals, "arn:aws:iam::"+a+":root")
	}
	for _, a := range actions {
		if !slices.Contains(permitted, a) {
			return nil, invalidParameter("Policy statement action out of service scope!")
		}
		scoped = append(scoped, "SNS:"+a)
	}
	return nil, s.changePolicy(r, func(t *topic, p *accessPolicy) error {
		if slices.ContainsFunc(p.Statement, func(s json.RawMessage) bool { return label(s) == name }) {
			return invalidParameter("Statement already exists")
		}
		statement := policyStatement{Sid: name, Effect: "Allow", Principal: map[string]any{"AWS": alone(principals)}, Action: alone(scoped), Resource: s.topicARN(t.Name)}
		p.Statement = append(p.Statement, json.RawMessage(jsonText(statement)))
		return nil
	})
}

// alone is the element of a list of one, as AWS writes it in a policy, or the list.
func alone(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

func (s *Service) removePermission(r *request) (any, error) {
	name, err := r.need("Label")
	if err != nil {
		return nil, err
	}
	return nil, s.changePolicy(r, func(_ *topic, p *accessPolicy) error {
		p.Statement = slices.DeleteFunc(p.Statement, func(s json.RawMessage) bool { return label(s) == name })
		return nil
	})
}

// changePolicy changes the Policy of the topic that TopicArn names.
func (s *Service) changePolicy(r *request, change func(*topic, *accessPolicy) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.neededTopic(r)
	if err != nil {
		return err
	}
	var p accessPolicy
	if err := json.Unmarshal([]byte(s.policyOf(old)), &p); err != nil {
		return err
	}
	if err := change(old, &p); err != nil {
		return err
	}
	if p.Statement == nil {
		p.Statement = []json.RawMessage{}
	}
	t := *old
	t.Attributes = map[string]string{}
	maps.Copy(t.Attributes, old.Attributes)
	t.Attributes["Policy"] = jsonText(p)
	return s.replaceTopic(&t)
}
