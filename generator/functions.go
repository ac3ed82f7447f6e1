package generator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/brianvoe/gofakeit/v7/data"
)

// Function describes a placeholder.
type Function struct {
	Name  string // "module.method"
	Usage string // as it stands between the braces; alternatives are separated by " | "
	Doc   string // one sentence

	compile func(argument) (value, error)
}

// value is a placeholder with its argument compiled.
type value struct {
	// render appends one value. It must not allocate.
	render func(dst []byte, s *Source) []byte

	// specimens are the values that a check has to see besides some at random: all there are, or those at the ends.
	specimens []string
}

// functions is the table of placeholders, sorted by name. To add one, add its line: plain for a placeholder without
// argument, else a function that compiles the argument and words its errors as "random.number " + error.
var functions = []Function{
	{"address.city", "address.city | address.city(FORM)", "A city that doesn't exist, in one of four forms from 0.", chosen(cities...)},
	{"address.cityPrefix", "address.cityPrefix", "What stands before a city's name, such as New.", plain(cityPrefix)},
	{"address.citySuffix", "address.citySuffix", "What ends a city's name, such as ville.", plain(citySuffix)},
	{"address.country", "address.country", "A country.", plain(country)},
	{"address.countryCode", "address.countryCode", "A country's two letters (ISO 3166).", plain(countryCode)},
	{"address.county", "address.county", "A county of Great Britain.", plain(county)},
	{"address.latitude", "address.latitude", "Degrees from -90 to 90, with four decimals.", between("-90.0000", "90.0000", degrees(90))},
	{"address.longitude", "address.longitude", "Degrees from -180 to 180, with four decimals.", between("-180.0000", "180.0000", degrees(180))},
	{"address.secondaryAddress", "address.secondaryAddress", "An apartment or a suite with its number.", plain(secondaryAddress)},
	{"address.state", "address.state", "A state of the USA.", plain(state)},
	{"address.stateAbbr", "address.stateAbbr", "A state's or a district's two letters, in the USA.", plain(stateAbbr)},
	{"address.streetAddress", "address.streetAddress | address.streetAddress(true)", "A number and a street, with true also an apartment.", switched(streetAddress, inOrder(streetAddress, literal(" "), secondaryAddress))},
	{"address.streetName", "address.streetName", "A street.", plain(streetName)},
	{"address.streetSuffix", "address.streetSuffix", "What ends a street's name, such as Avenue.", plain(streetSuffix)},
	{"address.zipCode", `address.zipCode | address.zipCode("#####")`, "A postal code of the USA, or one of the given pattern, where # is a digit and ? a letter.", patterned(postcodes, true)},
	{"commerce.color", "commerce.color", "The name of a color.", plain(productColor)},
	{"commerce.department", "commerce.department", "A department of a shop.", plain(department)},
	{"commerce.price", `commerce.price | commerce.price(MIN) | commerce.price({"min":0,"max":1000,"dec":2,"symbol":""})`, "A price from min to max, with dec decimals, behind the symbol.", compileAmount},
	{"commerce.product", "commerce.product", "A kind of product.", plain(product)},
	{"commerce.productAdjective", "commerce.productAdjective", "What a product is like.", plain(productAdjective)},
	{"commerce.productMaterial", "commerce.productMaterial", "What a product is made of.", plain(productMaterial)},
	{"commerce.productName", "commerce.productName", "An adjective, a material and a kind of product.", plain(productName)},
	{"company.bs", "company.bs", "An adjective, a verb and a noun of business.", plain(bs)},
	{"company.bsAdjective", "company.bsAdjective", "An adjective of business.", plain(bsAdjective)},
	{"company.bsBuzz", "company.bsBuzz", "A verb of business.", plain(bsVerb)},
	{"company.bsNoun", "company.bsNoun", "A noun of business.", plain(bsNoun)},
	{"company.catchPhrase", "company.catchPhrase", "A slogan of three words.", plain(catchPhrase)},
	{"company.catchPhraseAdjective", "company.catchPhraseAdjective", "The first word of a slogan.", plain(catchPhraseAdjective)},
	{"company.catchPhraseDescriptor", "company.catchPhraseDescriptor", "The second word of a slogan.", plain(catchPhraseDescriptor)},
	{"company.catchPhraseNoun", "company.catchPhraseNoun", "The third word of a slogan.", plain(catchPhraseNoun)},
	{"company.companyName", "company.companyName | company.companyName(FORM)", "A company, in one of three forms from 0.", chosen(companies...)},
	{"company.companySuffix", "company.companySuffix", "What ends a company's name, such as LLC.", plain(companySuffix)},
	{"company.suffixes", "company.suffixes", "All that may end a company's name, between commas.", plain(literal(strings.Join(data.Company["suffix"], ",")))},
	{"current.timestamp", "current.timestamp", "The current local time in ISO 8601, as date.now.", compileDateNow},
	{"date.between", `date.between({"from":"2026-01-01","to":"2026-01-31"})`, "A moment between two, in ISO 8601 and UTC, as JavaScript prints it.", compileDateBetween},
	{"date.future", "date.future | date.future(YEARS)", "A moment within the next year or YEARS, as JavaScript prints it.", around(365*day, 1)},
	{"date.month", `date.month | date.month({"abbr":true})`, "The name of a month.", calendarNames(months)},
	{"date.now", `date.now | date.now("YYYY-MM-DD HH:mm:ss.SSS")`, "The current local time, in a format of moment.js.", compileDateNow},
	{"date.past", "date.past | date.past(YEARS)", "A moment within the last year or YEARS, as JavaScript prints it.", around(365*day, -1)},
	{"date.recent", "date.recent | date.recent(DAYS)", "A moment within the last day or DAYS, as JavaScript prints it.", around(day, -1)},
	{"date.simTime", `date.simTime | date.simTime("YYYY-MM-DD HH:mm:ss.SSS")`, "The time of the scenario, as date.now, which prints it, too.", compileDateNow},
	{"date.utc", `date.utc | date.utc("YYYY-MM-DD HH:mm:ss.SSS")`, "The current time in UTC, in a format of moment.js.", compileDateUTC},
	{"date.weekday", `date.weekday | date.weekday({"abbr":true})`, "The name of a day of the week.", calendarNames(weekdays)},
	{"finance.account", "finance.account | finance.account(LENGTH)", "The digits of an account number, 8 of them or LENGTH.", digitsOfLength(8)},
	{"finance.accountName", "finance.accountName", "A kind of account.", plain(accountName)},
	{"finance.amount", `finance.amount | finance.amount(MIN) | finance.amount({"min":0,"max":1000,"dec":2,"symbol":""})`, "An amount of money from min to max, with dec decimals, behind the symbol.", compileAmount},
	{"finance.bic", "finance.bic", "A code like those of banks (ISO 9362).", plain(bic)},
	{"finance.bitcoinAddress", "finance.bitcoinAddress", "What looks like a Bitcoin address.", plain(bitcoinAddress)},
	{"finance.currencyCode", "finance.currencyCode", "A currency's three letters (ISO 4217).", plain(currencyCode)},
	{"finance.currencyName", "finance.currencyName", "A currency.", plain(currencyName)},
	{"finance.currencySymbol", "finance.currencySymbol", "A currency's sign.", plain(currencySign)},
	{"finance.iban", "finance.iban | finance.iban(true)", "An account number with right check digits (ISO 13616), with true in groups of four.", switched(iban(false), iban(true))},
	{"finance.mask", "finance.mask | finance.mask(LENGTH)", "The last digits of an account number, 4 of them or LENGTH.", digitsOfLength(4)},
	{"finance.transactionType", "finance.transactionType", "A kind of transaction: deposit, withdrawal, payment or invoice.", plain(transaction)},
	{"hacker.abbreviation", "hacker.abbreviation", "An abbreviation of computing.", plain(abbreviation)},
	{"hacker.adjective", "hacker.adjective", "An adjective of computing.", plain(hackerAdjective)},
	{"hacker.ingverb", "hacker.ingverb", "A verb of computing, ending in ing.", plain(hackerIngVerb)},
	{"hacker.noun", "hacker.noun", "A noun of computing.", plain(hackerNoun)},
	{"hacker.phrase", "hacker.phrase", "What a hacker in a film might say.", plain(hackerPhrase)},
	{"hacker.verb", "hacker.verb", "A verb of computing.", plain(hackerVerb)},
	{"helpers.randomize", `helpers.randomize(["a","b"])`, "One element of an array, as random.arrayElement.", compileArrayElement},
	{"helpers.replaceSymbolWithNumber", `helpers.replaceSymbolWithNumber("##-##")`, "A text in which each # is a digit.", patterned([]string{""}, false)},
	{"helpers.replaceSymbols", `helpers.replaceSymbols("??-##")`, "A text in which each # is a digit and each ? a capital letter.", patterned([]string{""}, true)},
	{"image.avatar", "image.avatar", "An address of a picture of somebody, at which there is none, as internet.avatar.", plain(avatar)},
	{"image.image", "image.image", "An address of a picture, at which there is none, as random.image.", plain(image)},
	{"image.imageUrl", "image.imageUrl", "An address of a picture of any kind, at which there is none.", plain(literal("http://lorempixel.com/640/480"))},
	{"internet.avatar", "internet.avatar", "An address of a picture, at which there is none.", plain(avatar)},
	{"internet.color", "internet.color", "A dark color, like #1e0f31.", plain(appendColor)},
	{"internet.domainName", "internet.domainName", "A domain.", plain(domainName)},
	{"internet.domainSuffix", "internet.domainSuffix", "A top-level domain.", plain(domainSuffix)},
	{"internet.domainWord", "internet.domainWord", "A name as it stands in a domain.", plain(domainWord)},
	{"internet.email", `internet.email | internet.email("Ann")`, "An e-mail address at a free provider, of somebody or of the one given.", named(mailAt(freeMail))},
	{"internet.exampleEmail", `internet.exampleEmail | internet.exampleEmail("Ann")`, "An e-mail address that is reserved for examples.", named(mailAt(exampleMail))},
	{"internet.ip", "internet.ip", "An IPv4 address.", plain(appendIP)},
	{"internet.ipv6", "internet.ipv6", "An IPv6 address.", plain(ipv6)},
	{"internet.mac", "internet.mac", "A MAC address.", plain(mac)},
	{"internet.password", "internet.password | internet.password(LENGTH)", "Letters, digits and underscores, 15 of them or LENGTH.", severally(15, 15, password)},
	{"internet.protocol", "internet.protocol", "http or https.", plain(protocol)},
	{"internet.session", "internet.session", "A number of 16 digits.", between("1007199254740991", "9007199254740991", whole(1007199254740991, 9007199254740991))},
	{"internet.url", "internet.url", "An address of a domain.", plain(url)},
	{"internet.userAgent", "internet.userAgent", "What a browser of recent years calls itself.", plain(userAgent)},
	{"internet.userName", `internet.userName | internet.userName("Ann")`, "A name to log in with, of somebody or of the one given.", named(userName)},
	{"lorem.lines", "lorem.lines | lorem.lines(COUNT)", `Sentences, one to five of them or COUNT, with \n in between.`, severally(1, 5, loremLines)},
	{"lorem.paragraph", "lorem.paragraph | lorem.paragraph(COUNT)", "Sentences, 3 or COUNT, and up to three more.", severally(3, 3, loremParagraph)},
	{"lorem.paragraphs", "lorem.paragraphs | lorem.paragraphs(COUNT)", `Paragraphs, 3 or COUNT, with \n in between.`, severally(3, 3, loremParagraphs)},
	{"lorem.sentence", "lorem.sentence | lorem.sentence(COUNT)", "A sentence of 3 to 10 words, or of COUNT.", severally(3, 10, loremSentence)},
	{"lorem.sentences", "lorem.sentences | lorem.sentences(COUNT)", "Sentences, 2 to 6 of them or COUNT.", severally(2, 6, loremSentences)},
	{"lorem.slug", "lorem.slug | lorem.slug(COUNT)", "Words with hyphens in between, 3 or COUNT.", severally(3, 3, loremSlug)},
	{"lorem.text", "lorem.text", "Any of the other kinds.", plain(loremText)},
	{"lorem.word", "lorem.word", "A word that looks Latin.", plain(loremWord)},
	{"lorem.words", "lorem.words | lorem.words(COUNT)", "Words that look Latin, 3 or COUNT.", severally(3, 3, loremWords)},
	{"name.findName", `name.findName | name.findName("Ann")`, "A full name, sometimes with a title before or behind it, of somebody or of the one given.", named(fullName)},
	{"name.firstName", "name.firstName | name.firstName(GENDER)", "A given name. The gender, 0 or 1, makes no difference.", gendered(firstName)},
	{"name.jobArea", "name.jobArea", "What a job is about.", plain(jobArea)},
	{"name.jobDescriptor", "name.jobDescriptor", "A job's rank.", plain(jobDescriptor)},
	{"name.jobTitle", "name.jobTitle", "A rank, an area and a kind of job.", plain(jobTitle)},
	{"name.jobType", "name.jobType", "A kind of job.", plain(jobType)},
	{"name.lastName", "name.lastName | name.lastName(GENDER)", "A family name. The gender, 0 or 1, makes no difference.", gendered(lastName)},
	{"name.prefix", "name.prefix | name.prefix(GENDER)", "A title before a name. The gender, 0 or 1, makes no difference.", gendered(namePrefix)},
	{"name.suffix", "name.suffix", "A title behind a name.", plain(nameSuffix)},
	{"name.title", "name.title", "A rank, an area and a kind of job, as name.jobTitle.", plain(jobTitle)},
	{"phone.phoneFormats", "phone.phoneFormats", "A pattern of a phone number.", plain(pickFrom(phoneFormats))},
	{"phone.phoneNumber", `phone.phoneNumber | phone.phoneNumber("0##-####")`, "A phone number of North America, or one of the given pattern, where # is a digit.", patterned(phoneFormats, false)},
	{"phone.phoneNumberFormat", "phone.phoneNumberFormat | phone.phoneNumberFormat(FORM)", "A phone number of North America, in one of 16 forms from 0.", compilePhoneNumberFormat},
	{"random.alphaNumeric", "random.alphaNumeric | random.alphaNumeric(LENGTH)", "Digits and small letters, one or LENGTH.", severally(1, 1, alphaNumeric)},
	{"random.arrayElement", `random.arrayElement(["a","b"])`, "One element of an array, each equally likely.", compileArrayElement},
	{"random.boolean", "random.boolean", "true or false.", compileBoolean},
	{"random.image", "random.image", "An address of a picture, at which there is none.", plain(image)},
	{"random.locale", "random.locale", "A locale of faker.js.", plain(locale)},
	{"random.number", `random.number | random.number(MAX) | random.number({"min":0,"max":99999,"precision":1})`, "A number from min to max, both included, in steps of precision.", compileNumber},
	{"random.objectElement", `random.objectElement({"x":"a","y":"b"})`, "One of an object's values, each equally likely.", compileObjectElement},
	{"random.uuid", "random.uuid", "A random UUID (version 4).", plain(appendUUID)},
	{"random.weightedArrayElement", `random.weightedArrayElement({"weights":[0.3,0.7],"data":["a","b"]})`, "One element of data, as likely as its weight among the weights.", compileWeightedArrayElement},
	{"random.word", "random.word", "A word of any kind, or several that belong together.", plain(randomWord)},
	{"random.words", "random.words | random.words(COUNT)", "Words of any kind, one to three or COUNT.", severally(1, 3, randomWords)},
	{"system.commonFileExt", "system.commonFileExt", "An extension that many files have.", plain(commonFileExt)},
	{"system.commonFileName", `system.commonFileName | system.commonFileName("txt")`, "A file's name with an extension that many have, or the one given.", compileCommonFileName},
	{"system.commonFileType", "system.commonFileType", "The first part of a common media type.", plain(commonType)},
	{"system.fileExt", `system.fileExt | system.fileExt("image/png")`, "A file's extension, of any media type or of the one given.", compileFileExt},
	{"system.fileName", "system.fileName", "A file's name with an extension.", plain(fileName)},
	{"system.fileType", "system.fileType", "The first part of a media type.", plain(fileType)},
	{"system.mimeType", "system.mimeType", "A media type.", plain(mimeType)},
	{"system.semver", "system.semver", "A version of three numbers.", plain(semver)},
}

// Functions lists every placeholder, sorted by name.
func Functions() []Function { return slices.Clone(functions) }

// findFunction returns the placeholder of a name, or nil.
func findFunction(name string) *Function {
	name = moduleAndMethod(name)
	i, found := slices.BinarySearchFunc(functions, name, func(f Function, name string) int {
		return strings.Compare(f.Name, name)
	})
	if !found {
		return nil
	}
	return &functions[i]
}

// moduleAndMethod leaves out what stands behind them, as in random.number.float: faker.js looks at the two alone, and
// templates that people have count on it.
func moduleAndMethod(name string) string {
	if i := strings.IndexByte(name, '.'); i >= 0 {
		if j := strings.IndexByte(name[i+1:], '.'); j >= 0 {
			return name[:i+1+j]
		}
	}
	return name
}

// plain is a placeholder that takes no argument.
func plain(render func([]byte, *Source) []byte) func(argument) (value, error) {
	return func(a argument) (value, error) {
		if a.given() {
			return value{}, fmt.Errorf("takes no argument, but has %s", a.text)
		}
		return value{render: render}, nil
	}
}

// pickFrom renders one of the given words.
func pickFrom(words []string) func([]byte, *Source) []byte {
	return func(dst []byte, s *Source) []byte {
		return append(dst, words[s.uint64n(uint64(len(words)))]...)
	}
}
