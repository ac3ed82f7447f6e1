// Package datagen is Flink's `datagen` connector: a source of random or counted values, at a steady rate.
//
// Every value is a function of the seed, its column and the number of its row (random.go), so that a run repeats, and a
// restored reader goes on with just the rows that the failed one would have made. Only timestamps look at the clock.
// Start reading at Spec, then generate.go.
package datagen
