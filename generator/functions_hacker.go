package generator

import "github.com/brianvoe/gofakeit/v7/data"

var (
	abbreviation    = pickFrom(data.Hacker["abbreviation"])
	hackerAdjective = pickFrom(data.Hacker["adjective"])
	hackerNoun      = pickFrom(data.Hacker["noun"])
	hackerVerb      = pickFrom(data.Hacker["verb"])
	hackerIngVerb   = pickFrom(data.Hacker["ingverb"])

	hackerThing  = inOrder(hackerAdjective, literal(" "), abbreviation, literal(" "), hackerNoun)
	hackerPhrase = oneOf(
		inOrder(literal("First "), hackerVerb, literal(" the "), hackerNoun, literal(", then the "), hackerThing, literal("!")),
		inOrder(literal("The "), hackerThing, literal(" needs to "), hackerVerb, literal(" the "), abbreviation, literal(" "), hackerNoun, literal("!")),
		inOrder(literal("Without "), hackerIngVerb, literal(" the "), hackerNoun, literal(", nobody can "), hackerVerb, literal(" the "), hackerThing, literal("!")),
		inOrder(capitalized(hackerIngVerb), literal(" the "), hackerThing, literal(" is how we "), hackerVerb, literal(" the "), hackerNoun, literal("!")),
	)
)
