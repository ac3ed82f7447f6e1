package kinesis

import (
	"regexp"
	"strconv"
	"strings"
)

// shape is the constraint that AWS's service model puts on a member of a request, under the model's own name. Lengths are
// counted in characters (blobs: bytes), ranges are inclusive; max -1 means none.
type shape struct {
	min, max int64
	pattern  *regexp.Regexp // must match the whole value
	source   string         // the pattern as AWS prints it
	enum     []string
	keys     *shape // maps: of the keys
	elem     *shape // maps and lists: of the values
}

func text(min, max int64, pattern string) *shape {
	s := &shape{min: min, max: max, source: pattern}
	if pattern != "" {
		s.pattern = regexp.MustCompile(`\A(?:` + pattern + `)\z`)
	}
	return s
}

func oneOf(values ...string) *shape { return &shape{max: -1, enum: values} }

// between constrains a number's value or a collection's size.
func between(min, max int64) *shape { return &shape{min: min, max: max} }

// anything leaves a member to the operation.
var anything = &shape{min: minInt, max: -1}

const minInt = -1 << 63

// shapes are the member shapes of the operations served, alphabetically (source: the Kinesis service model of 2013-12-02).
var shapes = map[string]*shape{
	"Boolean":                       anything,
	"CommitmentStatus":              oneOf("ENABLED", "DISABLED"),
	"ConsumerARN":                   text(1, 2048, `(arn):aws.*:kinesis:.*:\d{12}:.*stream\/[a-zA-Z0-9_.-]+\/consumer\/[a-zA-Z0-9_.-]+:[0-9]+`),
	"ConsumerName":                  text(1, 128, `[a-zA-Z0-9_.-]+`),
	"Data":                          between(0, maxRecordBytes),
	"DescribeStreamInputLimit":      between(1, 10_000),
	"EncryptionType":                oneOf("NONE", "KMS"),
	"GetRecordsInputLimit":          between(1, 10_000),
	"HashKey":                       text(0, -1, `0|([1-9]\d{0,38})`),
	"KeyId":                         text(1, 2048, ""),
	"ListShardsInputLimit":          between(1, 10_000),
	"ListStreamConsumersInputLimit": between(1, 10_000),
	"ListStreamsInputLimit":         between(1, 10_000),
	"ListTagsInputLimit":            between(1, 50),
	"MaxRecordSizeInKiB":            between(1024, maxRecordBytes>>10),
	"MetricsNameList": {min: 1, max: 7, elem: oneOf("IncomingBytes", "IncomingRecords", "OutgoingBytes", "OutgoingRecords",
		"WriteProvisionedThroughputExceeded", "ReadProvisionedThroughputExceeded", "IteratorAgeMilliseconds", "ALL")},
	"NaturalIntegerObject":       between(0, -1),
	"NextToken":                  text(1, 1_048_576, ""),
	"PartitionKey":               text(1, maxPartitionKeyChars, ""),
	"Policy":                     anything,
	"PositiveIntegerObject":      between(1, -1),
	"RecordDistributionStrategy": oneOf("AUTO", "USER_PARTITION_KEY"),
	"Records":                    {min: 1, max: maxPutRecords, elem: anything},
	"ResourceARN":                text(1, 2048, `arn:aws.*:kinesis:.*:\d{12}:.*stream/\S+`),
	"RetentionPeriodHours":       anything,
	"SequenceNumber":             text(0, -1, `0|([1-9]\d{0,128})`),
	"ScalingType":                oneOf("UNIFORM_SCALING"),
	"ShardFilterType":            oneOf("AFTER_SHARD_ID", "AT_TRIM_HORIZON", "FROM_TRIM_HORIZON", "AT_LATEST", "AT_TIMESTAMP", "FROM_TIMESTAMP"),
	"ShardId":                    text(1, 128, `[a-zA-Z0-9_.-]+`),
	"ShardIterator":              text(1, 512, ""),
	"ShardIteratorType":          oneOf("AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"),
	"StreamARN":                  text(1, 2048, `arn:aws.*:kinesis:.*:\d{12}:stream/\S+`),
	"StreamMode":                 oneOf("PROVISIONED", "ON_DEMAND"),
	"StreamName":                 text(1, 128, `[a-zA-Z0-9_.-]+`),
	"Struct":                     anything,
	"TagKey":                     text(1, 128, ""),
	"TagKeyList":                 {min: 1, max: maxTags, elem: text(1, 128, "")},
	"TagMap":                     {min: 1, max: 200, keys: text(1, 128, ""), elem: text(0, 256, "")},
	"Timestamp":                  anything,
}

// violations collects failed constraints in AWS's words; it stops at ten, as AWS does.
type violations []string

const maxViolations = 10

func (v *violations) add(value, path, constraint string) {
	v.note(value, path, "Member must "+constraint)
}

func (v *violations) note(value, path, constraint string) {
	if len(*v) < maxViolations {
		*v = append(*v, "Value "+value+" at '"+path+"' failed to satisfy constraint: "+constraint)
	}
}

// err is the ValidationException for what was collected, nil if nothing was.
func (v violations) err() error {
	switch len(v) {
	case 0:
		return nil
	case 1:
		return validationError("1 validation error detected: %s", v[0])
	}
	return validationError("%d validation errors detected: %s", len(v), strings.Join(v, "; "))
}

// size checks a length (what = "length ") or a value (what = "value ") against the bounds.
func (s *shape) size(n int64, what, value, path string, v *violations) {
	if n < s.min {
		v.add(value, path, "have "+what+"greater than or equal to "+strconv.FormatInt(s.min, 10))
	}
	if s.max >= 0 && n > s.max {
		v.add(value, path, "have "+what+"less than or equal to "+strconv.FormatInt(s.max, 10))
	}
}

func (s *shape) checkText(value, path string, v *violations) {
	shown := "'" + value + "'"
	if s.enum != nil {
		for _, e := range s.enum {
			if e == value {
				return
			}
		}
		v.add(shown, path, "satisfy enum value set: ["+strings.Join(s.enum, ", ")+"]")
		return
	}
	if s.pattern != nil && !s.pattern.MatchString(value) {
		v.add(shown, path, "satisfy regular expression pattern: "+s.source)
	}
	s.size(int64(len([]rune(value))), "length ", shown, path, v)
}

// takes tells whether a text within a list or a map satisfies the shape.
func (s *shape) takes(value string) bool {
	var v violations
	s.checkText(value, "", &v)
	return len(v) == 0
}

// all lists the constraints of a text within a list or a map, of which AWS doesn't say which one failed.
func (s *shape) all() string {
	if s.enum != nil {
		return "Member must satisfy enum value set: [" + strings.Join(s.enum, ", ") + "]"
	}
	return "Member must have length less than or equal to " + strconv.FormatInt(s.max, 10) +
		", Member must have length greater than or equal to " + strconv.FormatInt(s.min, 10)
}

func (s *shape) checkNumber(n int64, path string, v *violations) {
	s.size(n, "value ", "'"+strconv.FormatInt(n, 10)+"'", path, v)
}

func (s *shape) checkBlob(n int, path string, v *violations) {
	s.size(int64(n), "length ", blobText(n), path, v)
}

// blobText is how AWS shows a blob in a message.
func blobText(n int) string {
	return "'java.nio.HeapByteBuffer[pos=0 lim=" + strconv.Itoa(n) + " cap=" + strconv.Itoa(n) + "]'"
}
