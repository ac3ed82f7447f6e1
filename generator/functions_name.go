package generator

import "github.com/brianvoe/gofakeit/v7/data"

// The names are common ones of several languages, in ASCII and without marks that a format would have to escape.
var firstNames = []string{
	"Aisha", "Alan", "Amara", "Ana", "Anton", "Beatriz", "Ben", "Carla", "Chen", "Clara", "Daniel", "Diego", "Elena",
	"Emil", "Fatima", "Felix", "Grace", "Hana", "Hugo", "Ines", "Ivan", "Jana", "Jonas", "Kofi", "Laila", "Leo", "Lina",
	"Marta", "Mei", "Milan", "Nadia", "Noah", "Olga", "Omar", "Paula", "Pedro", "Priya", "Rafael", "Rosa", "Samir",
	"Sara", "Sofia", "Tariq", "Thomas", "Uma", "Vera", "Victor", "Wanda", "Yara", "Yusuf", "Zoe",
}

var lastNames = []string{
	"Adeyemi", "Ali", "Andersen", "Bauer", "Becker", "Bianchi", "Brown", "Carter", "Chen", "Costa", "Diaz", "Dubois",
	"Evans", "Fernandez", "Fischer", "Garcia", "Haddad", "Hansen", "Ivanov", "Jansen", "Johnson", "Kaya", "Khan", "Kim",
	"Kowalski", "Larsen", "Lopez", "Martin", "Mensah", "Meyer", "Moreau", "Nakamura", "Nguyen", "Novak", "Okafor",
	"Patel", "Petrov", "Ricci", "Rossi", "Santos", "Sato", "Schmidt", "Silva", "Singh", "Smith", "Suzuki", "Tanaka",
	"Wang", "Weber", "Williams",
}

var (
	firstName  = pickFrom(firstNames)
	lastName   = pickFrom(lastNames)
	namePrefix = pickFrom(data.Person["prefix"])
	nameSuffix = pickFrom(data.Person["suffix"])

	jobDescriptor = pickFrom(data.Job["descriptor"])
	jobArea       = pickFrom(data.Job["level"])
	jobType       = pickFrom([]string{
		"Administrator", "Agent", "Analyst", "Architect", "Assistant", "Associate", "Consultant", "Coordinator",
		"Designer", "Developer", "Director", "Engineer", "Executive", "Manager", "Officer", "Planner", "Producer",
		"Representative", "Specialist", "Strategist", "Supervisor", "Technician",
	})
	jobTitle = inOrder(jobDescriptor, literal(" "), jobArea, literal(" "), jobType)
)

// fullName renders a name, of which one in nine has a prefix, and one a suffix.
func fullName(firstName renderer) renderer {
	simple := inOrder(firstName, literal(" "), lastName)
	withPrefix := inOrder(namePrefix, literal(" "), simple)
	withSuffix := inOrder(simple, literal(" "), nameSuffix)
	return oneOf(withPrefix, withSuffix, simple, simple, simple, simple, simple, simple, simple)
}
