"""A session of boto3 on an embedded SNS: see README.md."""
import base64
import json
import queue
import sys
import threading
import urllib.request
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

client = boto3.client("sns", endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="local",
                      aws_secret_access_key="local", config=Config(retries={"max_attempts": 1}))
called = set()
client.meta.events.register("before-call.sns", lambda model, **_: called.add(model.name))
name = "peer-" + uuid.uuid4().hex[:8]


def check(what, got, want):
    if got != want:
        sys.exit("%s: %r, want %r" % (what, got, want))


def refused(code, call, **args):
    try:
        call(**args)
    except ClientError as e:
        check("refusal of " + call.__name__, e.response["Error"]["Code"], code)
    else:
        sys.exit("%s was not refused with %s" % (call.__name__, code))


posts = queue.Queue()


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        posts.put((self.headers["x-amz-sns-message-type"], json.loads(body)))

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Endpoint)
threading.Thread(target=server.serve_forever, daemon=True).start()
url = "http://127.0.0.1:%d/hook" % server.server_port

topic = client.create_topic(Name=name, Attributes={"DisplayName": "Peers"}, Tags=[{"Key": "team", "Value": "peers"}])["TopicArn"]
check("created again", client.create_topic(Name=name)["TopicArn"], topic)
check("listed", any(t["TopicArn"] == topic for page in client.get_paginator("list_topics").paginate() for t in page["Topics"]), True)
check("tags", client.list_tags_for_resource(ResourceArn=topic)["Tags"], [{"Key": "team", "Value": "peers"}])
client.tag_resource(ResourceArn=topic, Tags=[{"Key": "env", "Value": "test"}])
client.untag_resource(ResourceArn=topic, TagKeys=["team"])
check("tags", client.list_tags_for_resource(ResourceArn=topic)["Tags"], [{"Key": "env", "Value": "test"}])

client.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="All peers")
client.add_permission(TopicArn=topic, Label="others", AWSAccountId=["111111111111"], ActionName=["Publish"])
attributes = client.get_topic_attributes(TopicArn=topic)["Attributes"]
check("display name", attributes["DisplayName"], "All peers")
check("permission", [s["Action"] for s in json.loads(attributes["Policy"])["Statement"] if s["Sid"] == "others"], ["SNS:Publish"])
client.remove_permission(TopicArn=topic, Label="others")
check("permissions", [s["Sid"] for s in json.loads(client.get_topic_attributes(TopicArn=topic)["Attributes"]["Policy"])["Statement"]], ["__default_statement_ID"])
policy = {"Name": "p", "Version": "2021-06-01", "Statement": [{"Sid": "s", "DataDirection": "Inbound", "Principal": ["*"],
          "DataIdentifier": ["arn:aws:dataprotection::aws:data-identifier/CreditCardNumber"], "Operation": {"Deny": {}}}]}
client.put_data_protection_policy(ResourceArn=topic, DataProtectionPolicy=json.dumps(policy))
check("data protection", json.loads(client.get_data_protection_policy(ResourceArn=topic)["DataProtectionPolicy"]), policy)

check("subscribed", client.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)["SubscriptionArn"], "pending confirmation")
kind, asked = posts.get(timeout=20)
check("kind", (kind, asked["Type"]), ("SubscriptionConfirmation", "SubscriptionConfirmation"))
sub = client.confirm_subscription(TopicArn=topic, Token=asked["Token"])["SubscriptionArn"]
check("subscriptions", [s["SubscriptionArn"] for s in client.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]], [sub])
check("all subscriptions", sub in [s["SubscriptionArn"] for p in client.get_paginator("list_subscriptions").paginate() for s in p["Subscriptions"]], True)
client.set_subscription_attributes(SubscriptionArn=sub, AttributeName="FilterPolicy", AttributeValue='{"level": ["error"]}')
check("scope", client.get_subscription_attributes(SubscriptionArn=sub)["Attributes"]["FilterPolicyScope"], "MessageAttributes")

level = lambda v: {"level": {"DataType": "String", "StringValue": v}}
client.publish(TopicArn=topic, Message="not for us", MessageAttributes=level("info"))
sent = client.publish(TopicArn=topic, Subject="s", Message="for us <&> ü", MessageAttributes=level("error"))
_, got = posts.get(timeout=20)
check("notification", (got["MessageId"], got["Subject"], got["Message"]), (sent["MessageId"], "s", "for us <&> ü"))
check("signed", len(base64.b64decode(got["Signature"])), 256)
check("certificate", urllib.request.urlopen(got["SigningCertURL"]).read().startswith(b"-----BEGIN CERTIFICATE-----"), True)
out = client.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[
    {"Id": "a", "Message": "batch", "MessageAttributes": level("error")}, {"Id": "b", "Message": "x", "Subject": "two\nlines"}])
check("batch", ([s["Id"] for s in out["Successful"]], [f["Code"] for f in out["Failed"]]), (["a"], ["InvalidParameter"]))
check("from the batch", posts.get(timeout=20)[1]["Message"], "batch")

refused("NotFound", client.get_topic_attributes, TopicArn=topic + "x")
refused("InvalidParameter", client.subscribe, TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:000000000000:q")
client.unsubscribe(SubscriptionArn=sub)
refused("NotFound", client.get_subscription_attributes, SubscriptionArn=sub)

fifo = client.create_topic(Name=name + ".fifo", Attributes={"FifoTopic": "true", "ContentBasedDeduplication": "true"})["TopicArn"]
first = client.publish(TopicArn=fifo, Message="m", MessageGroupId="g")
again = client.publish(TopicArn=fifo, Message="m", MessageGroupId="g")
check("deduplicated", (again["MessageId"], again["SequenceNumber"]), (first["MessageId"], first["SequenceNumber"]))
refused("InvalidParameter", client.publish, TopicArn=fifo, Message="m")
for arn in (topic, fifo):
    client.delete_topic(TopicArn=arn)
    client.delete_topic(TopicArn=arn)
if len(sys.argv) > 2:
    with open(sys.argv[2]) as f:
        served = set(f.read().split())
    check("operations that were left out", (served & set(client.meta.service_model.operation_names)) - called, set())
print("ok: boto3 " + boto3.__version__ + ", SNS")
