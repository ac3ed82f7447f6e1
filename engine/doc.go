// Package engine is weir as a library: a session with a catalog and settings that checks, plans and runs Flink SQL.
// The command line, the REPL and embedding programs share it.
//
//	s, err := engine.New(engine.Options{})
//	file := diag.NewFile("query.sql", text)
//	script, err := s.Check(file)              // every mistake in the file, before anything runs
//	for _, stmt := range script[0].Stmts {
//		r, err := s.Execute(ctx, file, stmt)  // a table to show, a job that runs, or a query to read
//	}
//
// It knows no particular connector's server and prints nothing. Start reading at Session.
package engine
