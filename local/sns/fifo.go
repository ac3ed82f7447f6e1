package sns

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"time"
)

// FIFO topics: https://docs.aws.amazon.com/sns/latest/dg/fifo-message-dedup.html
//
// Every message gets a sequence number, and one that was published within five minutes is accepted again without effect. Both
// survive a restart.

const (
	fifoSuffix  = ".fifo"
	dedupWithin = 5 * time.Minute

	sequencePrefix = "nq" // then the topic's name
	dedupPrefix    = "ne" // then the number of the entry
)

// fifoState is what FIFO topics remember; Service.mu guards it.
type fifoState struct {
	sequence map[string]uint64     // of the newest message, by topic
	seen     map[string]*published // by topic and deduplication ID
	order    []*published          // oldest first
	last     uint64                // number of the newest entry
}

// published is a message that was taken.
type published struct {
	Entry     uint64
	Key       string // of fifoState.seen
	At        int64  // milliseconds
	MessageID string
	Sequence  string
}

var fifoID = regexp.MustCompile("\\A[A-Za-z0-9!\"#$%&'()*+,./:;<=>?@\\[\\\\\\]^_`{|}~-]{1,128}\\z")

// readFIFO reads what Publish says for FIFO topics; the topic has the last word, in checkFIFO.
func (m *message) readFIFO(p params) error {
	m.group, m.dedup = p.get("MessageGroupId"), p.get("MessageDeduplicationId")
	for name, v := range map[string]string{"MessageGroupId": m.group, "MessageDeduplicationId": m.dedup} {
		if p.has(name) && !fifoID.MatchString(v) {
			return invalidParameter("%s Reason: It can contain 1 to 128 alphanumeric or punctuation characters", name)
		}
	}
	return nil
}

// checkFIFO says what is missing or too much for the topic, and completes the deduplication ID.
func (m *message) checkFIFO(t *topic) error {
	if !t.fifoTopic() {
		if m.dedup != "" {
			return invalidParameter("MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type")
		}
		return nil
	}
	if m.group == "" {
		return invalidParameter("The MessageGroupId parameter is required for FIFO topics")
	}
	if m.dedup == "" {
		if t.Attributes["ContentBasedDeduplication"] != "true" {
			return invalidParameter("The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly")
		}
		sum := sha256.Sum256([]byte(m.body))
		m.dedup = hex.EncodeToString(sum[:])
	}
	return nil
}

func (s *Service) loadFIFO() error {
	f := &s.fifo
	f.sequence, f.seen = map[string]uint64{}, map[string]*published{}
	err := s.env.Store.Scan([]byte(sequencePrefix), func(key, value []byte) error {
		var n uint64
		err := json.Unmarshal(value, &n)
		f.sequence[string(key[len(sequencePrefix):])] = n
		return err
	})
	if err != nil {
		return err
	}
	return s.env.Store.Scan([]byte(dedupPrefix), func(_, value []byte) error {
		p := &published{}
		if err := json.Unmarshal(value, p); err != nil {
			return err
		}
		f.seen[p.Key] = p
		f.order = append(f.order, p)
		f.last = max(f.last, p.Entry)
		return nil
	})
}

// once returns what was answered for a message within the last five minutes, or nil; then remember must follow. s.mu is
// held.
func (s *Service) once(t *topic, m *message, c change) *published {
	f := &s.fifo
	limit := s.env.Now() - dedupWithin.Milliseconds()
	for len(f.order) > 0 && f.order[0].At <= limit {
		p := f.order[0]
		f.order = f.order[1:]
		if f.seen[p.Key] == p {
			delete(f.seen, p.Key)
		}
		c[dedupKey(p.Entry)] = nil
	}
	return f.seen[dedupName(t, m)]
}

// remember numbers a message and puts it into the change; s.mu is held. A change that isn't committed leaves a gap.
func (s *Service) remember(t *topic, m *message, id string, c change) *published {
	f := &s.fifo
	f.last++
	f.sequence[t.Name]++
	n := f.sequence[t.Name]
	p := &published{Entry: f.last, Key: dedupName(t, m), At: s.env.Now(), MessageID: id, Sequence: fmt.Sprintf("1%019d", n)}
	c[sequencePrefix+t.Name], c[dedupKey(p.Entry)] = n, p
	return p
}

// accept makes a committed message known; s.mu is held.
func (f *fifoState) accept(p *published) {
	f.seen[p.Key] = p
	f.order = append(f.order, p)
}

func dedupName(t *topic, m *message) string { return t.Name + "\x00" + m.dedup }

func dedupKey(entry uint64) string {
	return string(binary.BigEndian.AppendUint64([]byte(dedupPrefix), entry))
}
