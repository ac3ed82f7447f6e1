// Command weir runs Flink SQL over Kinesis in one process. See `weir help` and docs/cli.md.
package main

import "github.com/weirsql/weir/cli"

func main() { cli.Main() }
