//go:build !unix

package bench

import "time"

// cpuTime is the processor time that the process has used; 0 where nobody tells.
func cpuTime() time.Duration { return 0 }
