package planner_test

import (
	"strings"
	"testing"

	"github.com/weirsql/weir/planner"
)

// An older spelling of Flink's sets, resets and reads the same setting.
func TestSettingAliases(t *testing.T) {
	s := planner.NewSettings()
	for alias, key := range map[string]string{
		"state.checkpoints.dir": "execution.checkpointing.dir", "state.savepoints.dir": "execution.checkpointing.savepoint-dir",
		"execution.savepoint.path": "execution.state-recovery.path", "restart-strategy": "restart-strategy.type",
	} {
		value := "none"
		if err := s.Set(alias, value); err != nil {
			t.Fatal(err)
		}
		if s.Get(key) != value || s.Get(alias) != value {
			t.Errorf("%s is %q, %s is %q", key, s.Get(key), alias, s.Get(alias))
		}
		if s.Reset(alias); s.Get(key) == value {
			t.Errorf("%s is still set", key)
		}
	}
}

// What weir doesn't do is refused by name, not accepted and ignored.
func TestRefusedSettings(t *testing.T) {
	for setting, want := range map[string]string{
		"execution.checkpointing.unaligned.enabled=true":                            `"execution.checkpointing.unaligned.enabled"`,
		"execution.checkpointing.unaligned=true":                                    `"execution.checkpointing.unaligned"`,
		"execution.checkpointing.mode=SOMETIMES":                                    "EXACTLY_ONCE",
		"execution.checkpointing.externalized-checkpoint-retention=KEEP":            "RETAIN_ON_CANCELLATION",
		"execution.checkpointing.max-concurrent-checkpoints=0":                      "less than 1",
		"execution.checkpointing.tolerable-failed-checkpoints=-1":                   "less than 0",
		"execution.checkpointing.timeout=soon":                                      `"soon"`,
		"restart-strategy.type=sometimes":                                           "fixed-delay",
		"restart-strategy.exponential-delay.backoff-multiplier=fast":                `"fast"`,
		"restart-strategy.failure-rate.max-failures-per-interval=0":                 "less than 1",
		"restart-strategy.exponential-delay.attempts-before-reset-backoff=infinity": `"infinity"`,
	} {
		key, value, _ := strings.Cut(setting, "=")
		if err := planner.NewSettings().Set(key, value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", setting, err, want)
		}
	}
	for _, setting := range []string{
		"execution.checkpointing.unaligned.enabled=false", "execution.checkpointing.mode=at_least_once", "execution.checkpointing.max-concurrent-checkpoints=3",
		"execution.checkpointing.tolerable-failed-checkpoints=0", "restart-strategy=Fixed-Delay", "execution.checkpointing.timeout=1 min",
	} {
		key, value, _ := strings.Cut(setting, "=")
		if err := planner.NewSettings().Set(key, value); err != nil {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
