package generator

import (
	"encoding/json"
	"fmt"
	"math/big"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// anyArgument makes an argument of the words that stand for one in a usage.
var anyArgument = strings.NewReplacer("(MAX)", "(70)", "(MIN)", "(70)", "(FORM)", "(1)", "(GENDER)", "(1)", "(COUNT)", "(2)",
	"(LENGTH)", "(12)", "(YEARS)", "(2.5)", "(DAYS)", "(2)")

func TestPlaceholdersMakeWhatFakerJSMakes(t *testing.T) {
	data, err := os.ReadFile("testdata/placeholders.tsv")
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for line := range strings.Lines(string(data)) {
		template, pattern, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		if !ok {
			continue // a comment
		}
		tested[regexp.MustCompile(`[a-z]+\.\w+`).FindString(template)] = true
		re := regexp.MustCompile("^(?:" + pattern + ")$")
		for got := range draw(t, template, 200) {
			if !re.MatchString(got) {
				t.Errorf("%s renders %q, which isn't %s", template, got, pattern)
				break
			}
		}
	}
	elsewhere := []string{"current.timestamp", "date.between", "finance.bic", "finance.iban", "internet.ipv6", "internet.session", "lorem.slug",
		"random.alphaNumeric", "random.arrayElement", "random.boolean", "random.number", "random.uuid", "random.weightedArrayElement"}
	for _, f := range Functions() {
		if !tested[f.Name] && !slices.Contains(elsewhere, f.Name) {
			t.Errorf("%s is not tested", f.Name)
		}
	}
}

// Those that faker.js got after the Kinesis Data Generator took its copy, and whose values say whether they are right.
func TestNewerPlaceholders(t *testing.T) {
	for template, pattern := range map[string]string{
		"{{finance.bic}}":             `[A-Z]{6}[A-Z]1(\d{3})?`,
		"{{internet.ipv6}}":           `[0-9a-f]{4}(:[0-9a-f]{4}){7}`,
		"{{internet.session}}":        `\d{16}`,
		"{{lorem.slug}}":              `[a-z]+-[a-z]+-[a-z]+`,
		"{{random.alphaNumeric(20)}}": `[0-9a-z]{20}`,
		"{{finance.iban}}":            `[A-Z]{2}\d{2}[A-Z0-9]{12,24}`,
		"{{finance.iban(true)}}":      `[A-Z]{2}\d{2}( [A-Z0-9]{4}){3,6}( [A-Z0-9]{1,3})?`,
		`{{finance.amount({"min":0.05,"max":0.1,"dec":3,"symbol":"€"})}}`:     `€0\.(0[5-9]\d|100)`,
		`{{commerce.price({"min":-1.5,"max":-1.4,"dec":1,"symbol":""})}}`:     `-1\.[45]`,
		`{{commerce.price({"min":0,"max":9,"dec":0})}}`:                       `\d`,
		`{{finance.amount({"min":9007199254740.99,"max":9007199254740.99})}}`: `9007199254740\.99`,
	} {
		re := regexp.MustCompile("^(?:" + pattern + ")$")
		for got := range draw(t, template, 1000) {
			if !re.MatchString(got) {
				t.Errorf("%s renders %q, which isn't %s", template, got, pattern)
				break
			}
		}
	}
}

// The check digits of an IBAN make a number that leaves 1 when divided by 97, after its first four characters have moved
// to the end and letters have become numbers.
func TestIBANsHaveRightCheckDigits(t *testing.T) {
	for _, template := range []string{"{{finance.iban}}", "{{finance.iban(true)}}"} {
		for got := range draw(t, template, 500) {
			number := strings.ReplaceAll(got, " ", "")
			var decimal strings.Builder
			for _, c := range number[4:] + number[:4] {
				if c >= 'A' {
					fmt.Fprint(&decimal, c-'A'+10)
				} else {
					decimal.WriteRune(c)
				}
			}
			n, ok := new(big.Int).SetString(decimal.String(), 10)
			if !ok || n.Mod(n, big.NewInt(97)).Int64() != 1 {
				t.Fatalf("%s renders %s", template, got)
			}
		}
	}
}

func TestDatesStayInTheirRange(t *testing.T) {
	for template, reach := range map[string][2]time.Duration{
		"{{date.past}}":        {-365 * day, -time.Second},
		"{{date.past(0.5)}}":   {-365 * day / 2, -time.Second},
		"{{date.future(200)}}": {time.Second, 200 * 365 * day},
		"{{date.recent}}":      {-day, -time.Second},
		"{{date.recent(3)}}":   {-3 * day, -time.Second},
		`{{date.between({"from":"2023-08-23T16:00:00Z","to":"2023-08-23 18:00:00"})}}`: {0, 2 * time.Hour},
		`{{date.between({"from":"2023-08-24","to":"2023-08-24"})}}`:                    {8 * time.Hour, 8 * time.Hour},
	} {
		const n = 2000
		least, most := noon2023.AddDate(300, 0, 0), time.Time{}
		for got := range draw(t, template, n) {
			at, err := time.Parse("Mon Jan 02 2006 15:04:05 GMT-0700 (MST)", got)
			if err != nil {
				t.Fatalf("%s: %v", template, err)
			}
			if at.Before(least) {
				least = at
			}
			if at.After(most) {
				most = at
			}
		}
		from, to := noon2023.Add(reach[0]-time.Second), noon2023.Add(reach[1]) // printed without milliseconds
		if least.Before(from) || most.After(to) {
			t.Errorf("%s goes from %v to %v, which isn't within %v and %v", template, least, most, from, to)
		}
		if covered := most.Sub(least); covered < (reach[1]-reach[0])*95/100-time.Second {
			t.Errorf("%s covers only %v", template, covered)
		}
	}
}

// Words come from a library: none may break the JSON around it, and no list may be empty.
func TestWordsFitIntoJSON(t *testing.T) {
	for _, f := range Functions() {
		for usage := range strings.SplitSeq(f.Usage, " | ") {
			for got := range draw(t, "{{"+anyArgument.Replace(usage)+"}}", 3000) {
				if !json.Valid([]byte(`"` + got + `"`)) {
					t.Errorf("{{%s}} renders %q", usage, got)
				}
				if got == "" {
					t.Errorf("{{%s}} renders nothing", usage)
				}
			}
		}
	}
}

// Templates as people have them for the Kinesis Data Generator: laid out over lines, with the forms its help page shows.
func TestTemplatesOfTheKinesisDataGenerator(t *testing.T) {
	for template, pattern := range map[string]string{
		"{{name.firstName}},{{name.lastName}},{{random.number(70)}},{{internet.ip}}\n": `[A-Z]\w+,[A-Z]\w+,\d\d?,[\d.]+`,
		`
{
    "sensorId": {{random.number(50)}},
    "currentTemperature": {{random.number(
        {
            "min":10,
            "max":150
        }
    )}},
    "status": "{{random.arrayElement(
        ["OK","FAIL","WARN"]
    )}}"
}`: `{    "sensorId": \d+,    "currentTemperature": \d+,    "status": "(OK|FAIL|WARN)"}`,
		`
{
  "uuid": "{{random.uuid}}",
  "seen": "{{date.utc("YYYY-MM-DD HH:mm:ss.SSS")}}",
  "track": {{random.number(30)}},  
  "activity": {{random.weightedArrayElement(
        {
            "weights": [0.25, 0.75],
            "data": ["\"Rowing\"", "\"Sitting\""]
        }
    )}},
  "heat": {{random.weightedArrayElement({"weights":[0.4, 0.6],"data":[32, 34]})}}
}
`: `{  "uuid": "[-0-9a-f]{36}",  "seen": "2023-08-23 16:00:00.000",  "track": \d+,    "activity": "(Rowing|Sitting)",  "heat": 3[24]}`,
		// What AWS's help page and labs have people write.
		`{{random.weightedArrayElement(
  {
    "weights": [0.3,0.2,0.5],
    "data": ["cat","fish","dog"]
  }
)}}`: `cat|fish|dog`,
		`{{internet.ip}} - - [{{date.now("DD/MMM/YYYY:HH:mm:ss Z")}}] "{{random.weightedArrayElement({"weights":[0.7,0.3],"data":["GET","PUT"]})}} {{random.arrayElement(["/list","/search/tag/list"])}}" 200 {{random.number(10000)}} "-" "HealthChecker/1.0" `: `[\d.]+ - - \[23/Aug/2023:12:00:00 -04:00\] "(GET|PUT) /(list|search/tag/list)" 200 \d+ "-" "HealthChecker/1.0"`,
		`{"price": {{random.number.float({
"min":1,
"max":99,
"precision": 0.01
})}}, "ticker":"{{random.arrayElement(
["AAA","BBB"]
)}}"}`: `{"price": \d\d?(\.\d\d?)?, "ticker":"(AAA|BBB)"}`,
		`
{
    "name" : "{{commerce.productName}}",
    "color" : "{{commerce.color}}",
    "image": "{{image.imageUrl}}",
    "since": "{{date.past}}",
    "until": "{{date.future}}",
    "status" : "{{random.weightedArrayElement({
        "weights" : [0.8,0.1,0.1],
        "data": ["OK","FAIL","PENDING"]
        }        
    )}}"
}`: `{    "name" : "[A-Z][^"]+",    "color" : "[a-z ]+",    "image": "http://[^"]+",    "since": "\w{3} \w{3} \d\d 202[23] [\d:]{8} GMT-0400 \([^)]*\)",    "until": "\w{3} \w{3} \d\d 202[34] [\d:]{8} GMT-0400 \([^)]*\)",    "status" : "(OK|FAIL|PENDING)"}`,
		"{\r\n\t\"at\": \"{{date.utc}}\",\r\n\t\"host\": \"{{internet.domainName}}\",\r\n\t\"agent\": \"{{internet.userAgent}}\"\r\n}": `{\t"at": "2023-08-23T16:00:00Z",\t"host": "[a-z.]+",\t"agent": "Mozilla/5.0 .*"}`,
		`{"order": "{{random.alphaNumeric}}{{random.number(9)}}", "item": "{{commerce.productName}}", "price": {{commerce.price}},
 "buyer": {"name": "{{name.findName}}", "mail": "{{internet.email}}", "phone": "{{phone.phoneNumber}}",
 "street": "{{address.streetAddress}}", "zip": "{{address.zipCode}}", "state": "{{address.state}}", "country": "{{address.countryCode}}"},
 "paid": {"with": "{{finance.accountName}}", "amount": {{finance.amount}}, "currency": "{{finance.currencyCode}}", "kind": "{{finance.transactionType}}"},
 "on": "{{date.now(YYYY/MM/DD)}}", "for": "{{company.companyName}} - {{company.catchPhrase}}", "note": "{{lorem.sentence}}", "build": "{{system.semver}}", "said": "{{hacker.phrase}}"}`: `{"order": .*}`,
		`{{internet.ip}} - {{internet.userName}} [{{date.now("DD/MMM/YYYY:HH:mm:ss ZZ")}}] "GET /{{system.commonFileName("html")}} HTTP/1.1" {{random.weightedArrayElement({"weights":[0.9,0.1],"data":[200,404]})}} {{random.number({"min":100,"max":99999})}} "{{internet.url}}" "{{internet.userAgent}}"`: `[\d.]+ - \S+ \[23/Aug/2023:12:00:00 -0400\] "GET /\S+\.html HTTP/1\.1" (200|404) \d+ "https?://\S+" "Mozilla[^"]+"`,
	} {
		re := regexp.MustCompile("^(?:" + pattern + ")$")
		_, err := Compile(template, Options{RequireJSON: strings.HasPrefix(strings.TrimSpace(template), "{\"") || strings.HasPrefix(strings.TrimSpace(template), "{\n")})
		if err != nil {
			t.Errorf("%s: %v", template, err)
			continue
		}
		for got := range draw(t, template, 200) {
			if !re.MatchString(got) {
				t.Errorf("%s\nrenders %s\nwhich isn't %s", template, got, pattern)
				break
			}
		}
	}
}

// The dates of the Kinesis Data Generator's help page, in local time and in UTC.
func TestDatesOfTheHelpPage(t *testing.T) {
	for format, want := range map[string][2]string{
		``:                                  {"2023-08-23T12:00:00-04:00", "2023-08-23T16:00:00Z"},
		`("dddd, MMMM Do YYYY, h:mm:ss a")`: {"Wednesday, August 23rd 2023, 12:00:00 pm", "Wednesday, August 23rd 2023, 4:00:00 pm"},
		`("ddd, hA")`:                       {"Wed, 12PM", "Wed, 4PM"},
		`("DD/MMM/YYYY:HH:mm:ss Z")`:        {"23/Aug/2023:12:00:00 -04:00", "23/Aug/2023:16:00:00 +00:00"},
	} {
		for i, method := range []string{"date.now", "date.utc"} {
			got := string(mustCompile(t, "{{"+method+format+"}}").Append(nil, NewSource(1, noon2023)))
			if got != want[i] {
				t.Errorf("%s%s renders %q, want %q", method, format, got, want[i])
			}
		}
	}
}

// All placeholders in one record: the same for a seed, and another for another.
func TestEveryPlaceholderFollowsFromTheSeed(t *testing.T) {
	var all strings.Builder
	for _, f := range Functions() {
		for usage := range strings.SplitSeq(f.Usage, " | ") {
			fmt.Fprintf(&all, "{{%s}}\x1f", anyArgument.Replace(usage))
		}
	}
	compiled := mustCompile(t, all.String())
	render := func(seed int64) string {
		s := NewSource(seed, noon2023)
		return string(compiled.Append(compiled.Append(nil, s), s))
	}
	first := render(7)
	if again := render(7); again != first {
		t.Error("seed 7 made different records")
	}
	if first == render(8) {
		t.Error("seeds 7 and 8 made the same records")
	}
}

// In a scenario the time is the scenario's, also for dates around it.
func TestPlaceholdersInAScenario(t *testing.T) {
	got, _, _ := played(t, `
start: 2024-05-06 00:00:00
for: 3s
traffic:
  x:
    stream: orders
    arrivals: even
    rate: 1
    partition-key: '{{phone.phoneNumber("##")}}'
    template: |
      {"at": "{{date.simTime("YYYY-MM-DD HH:mm:ss")}}", "who": "{{name.findName}}",
       "due": "{{date.future}}", "price": {{commerce.price({"min":5,"max":5})}}}
`, PlayerConfig{}, "orders")
	if len(got["orders"]) != 3 {
		t.Fatalf("%q", got)
	}
	for i, record := range got["orders"] {
		re := fmt.Sprintf(`\{"at": "2024-05-06 00:00:0%d", "who": "[^"]+", "due": "[^"]* 202[45] [^"]*", "price": 5\.00\}`, i)
		if !regexp.MustCompile(re).MatchString(record) {
			t.Errorf("%q isn't %s", record, re)
		}
	}
}
