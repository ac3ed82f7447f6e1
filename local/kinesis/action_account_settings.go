package kinesis

import (
	"context"
	"encoding/json"
	"time"
)

// DescribeAccountSettings and UpdateAccountSettings:
//
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeAccountSettings.html
//	https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateAccountSettings.html
//
// The commitment lasts at least 24 hours: disabled before, it is ENABLED_UNTIL_EARLIEST_ALLOWED_END.

// accountSettings is what is stored of the account, as JSON.
type accountSettings struct {
	StartedMillis int64 `json:",omitempty"` // of the commitment; 0: never
	EndMillis     int64 `json:",omitempty"` // not 0: it ends, or has ended, then
}

const (
	commitmentEnabled  = "ENABLED"
	commitmentDisabled = "DISABLED"
	commitmentEnding   = "ENABLED_UNTIL_EARLIEST_ALLOWED_END"
	commitmentPeriod   = 24 * time.Hour
)

func (a *accountSettings) status(now int64) string {
	switch {
	case a.StartedMillis == 0 || a.EndMillis != 0 && now >= a.EndMillis:
		return commitmentDisabled
	case a.EndMillis != 0:
		return commitmentEnding
	}
	return commitmentEnabled
}

type settingsOutput struct{ MinimumThroughputBillingCommitment commitmentOutput }

type commitmentOutput struct {
	EarliestAllowedEndAt *millis `json:",omitempty"`
	EndedAt              *millis `json:",omitempty"`
	StartedAt            *millis `json:",omitempty"`
	Status               string
}

func (a *accountSettings) describe(now int64) *settingsOutput {
	out := commitmentOutput{Status: a.status(now)}
	if a.StartedMillis != 0 {
		started, earliest := millis(a.StartedMillis), millis(a.StartedMillis+commitmentPeriod.Milliseconds())
		out.StartedAt = &started
		if out.Status == commitmentDisabled {
			ended := millis(a.EndMillis)
			out.EndedAt = &ended
		} else {
			out.EarliestAllowedEndAt = &earliest
		}
	}
	return &settingsOutput{out}
}

func (s *Service) describeAccountSettings(context.Context, *empty) (*settingsOutput, error) {
	return s.settings.Load().describe(s.env.Now()), nil
}

type updateSettingsInput struct {
	MinimumThroughputBillingCommitment *commitmentInput `shape:"Struct,required"`
}

type commitmentInput struct {
	Status string `shape:"CommitmentStatus,required"`
}

func (s *Service) updateAccountSettings(_ context.Context, in *updateSettingsInput) (*settingsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.env.Now()
	a := *s.settings.Load()
	switch enable := in.MinimumThroughputBillingCommitment.Status == commitmentEnabled; {
	case enable && a.status(now) == commitmentDisabled:
		a = accountSettings{StartedMillis: now}
	case enable:
		a.EndMillis = 0
	case a.status(now) == commitmentEnabled:
		a.EndMillis = max(now, a.StartedMillis+commitmentPeriod.Milliseconds())
	}
	value, err := json.Marshal(a)
	if err != nil {
		return nil, err
	}
	b := s.env.Store.DB.NewBatch()
	if err := b.Set(settingsKey(), value, nil); err != nil {
		return nil, err
	}
	if err := s.env.Store.Commit(b); err != nil {
		return nil, err
	}
	s.settings.Store(&a)
	return a.describe(now), nil
}

// loadSettings reads the account's settings, once, when the service is made.
func (s *Service) loadSettings() error {
	a := &accountSettings{}
	s.settings.Store(a)
	value, err := s.env.Store.Get(settingsKey())
	if err != nil || value == nil {
		return err
	}
	if err := json.Unmarshal(value, a); err != nil {
		return errCorrupt("settings of the account: %v", err)
	}
	return nil
}
