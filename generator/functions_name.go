package generator

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
