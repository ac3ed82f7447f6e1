// Command udf is a weir with functions of its own: everything the weir command does, and four functions more.
//
//	go run ./queries/examples/udf run queries/examples/udf/clicks.sql
package main

import "github.com/weirsql/weir/cli"

func main() { cli.Main(functions...) }
