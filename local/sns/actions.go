package sns

import "github.com/weirsql/weir/local/internal/service"

// request is what an operation gets.
type request struct {
	params
	fault  *service.Fault // with entries of a batch to fail, or nil
	signed bool           // it has a signature, which was checked if there is something to check it with
}

// action is one operation of the API. serve returns the struct to write as the result element, or nil for none.
type action struct {
	name  string
	serve func(*Service, *request) (any, error)
	open  bool // to those who can't sign
}

// actions is the list of all operations served. To add one: a file action_x.go with a method of Service, a line here, a case
// in the conformance test, a line in the README's table.
var actions = []*action{
	{name: "AddPermission", serve: (*Service).addPermission},
	{name: "ConfirmSubscription", serve: (*Service).confirmSubscription, open: true},
	{name: "CreateTopic", serve: (*Service).createTopic},
	{name: "DeleteTopic", serve: (*Service).deleteTopic},
	{name: "GetDataProtectionPolicy", serve: (*Service).getDataProtectionPolicy},
	{name: "GetSubscriptionAttributes", serve: (*Service).getSubscriptionAttributes},
	{name: "GetTopicAttributes", serve: (*Service).getTopicAttributes},
	{name: "ListSubscriptions", serve: (*Service).listSubscriptions},
	{name: "ListSubscriptionsByTopic", serve: (*Service).listSubscriptionsByTopic},
	{name: "ListTagsForResource", serve: (*Service).listTagsForResource},
	{name: "ListTopics", serve: (*Service).listTopics},
	{name: "Publish", serve: (*Service).publish},
	{name: "PublishBatch", serve: (*Service).publishBatch},
	{name: "PutDataProtectionPolicy", serve: (*Service).putDataProtectionPolicy},
	{name: "RemovePermission", serve: (*Service).removePermission},
	{name: "SetSubscriptionAttributes", serve: (*Service).setSubscriptionAttributes},
	{name: "SetTopicAttributes", serve: (*Service).setTopicAttributes},
	{name: "Subscribe", serve: (*Service).subscribe},
	{name: "TagResource", serve: (*Service).tagResource},
	{name: "UntagResource", serve: (*Service).untagResource},
	{name: "Unsubscribe", serve: (*Service).unsubscribe, open: true},
}

var actionsByName = func() map[string]*action {
	m := make(map[string]*action, len(actions))
	for _, a := range actions {
		m[a.name] = a
	}
	return m
}()

// pageSize is how many topics or subscriptions AWS lists at a time.
const pageSize = 100
