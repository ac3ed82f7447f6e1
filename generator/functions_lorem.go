package generator

import "github.com/brianvoe/gofakeit/v7/data"

// Line breaks are written as in JSON, since faker.js's bare ones would end the record for most readers.
const jsonLineBreak = `\n`

var loremWord = pickFrom(data.Lorem["word"])

func loremWords(least, most int) renderer { return repeated(least, most, " ", loremWord) }

func loremSentence(least, most int) renderer {
	return inOrder(capitalized(loremWords(least, most)), literal("."))
}

func loremSentences(least, most int) renderer {
	return repeated(least, most, " ", loremSentence(3, 10))
}

// loremParagraph renders up to three sentences more than asked for.
func loremParagraph(least, most int) renderer { return loremSentences(least, most+3) }

func loremParagraphs(least, most int) renderer {
	return repeated(least, most, jsonLineBreak, loremParagraph(3, 3))
}

func loremLines(least, most int) renderer {
	return repeated(least, most, jsonLineBreak, loremSentence(3, 10))
}

func loremSlug(least, most int) renderer { return repeated(least, most, "-", loremWord) }

var loremText = oneOf(loremWord, loremWords(3, 3), loremSentence(3, 10), loremSentences(2, 6), loremParagraph(3, 3),
	loremParagraphs(3, 3), loremLines(1, 5))
