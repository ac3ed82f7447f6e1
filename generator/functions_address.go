package generator

import "github.com/brianvoe/gofakeit/v7/data"

var (
	cityPrefix   = pickFrom(data.Address["street_prefix"]) // North, New, Lake and the like
	citySuffix   = pickFrom(data.Address["street_suffix"]) // -ville, -port and the like
	streetSuffix = pickFrom(data.Address["street_name"])   // Avenue, Lane and the like
	country      = pickFrom(data.Address["country"])
	countryCode  = pickFrom(data.Address["country_abr"])
	state        = pickFrom(data.Address["state"])
	stateAbbr    = pickFrom(data.Address["state_abr"])
	county       = pickFrom([]string{
		"Avon", "Bedfordshire", "Berkshire", "Cambridgeshire", "Cornwall", "Cumbria", "Derbyshire", "Devon", "Dorset",
		"Essex", "Hampshire", "Kent", "Lancashire", "Norfolk", "Somerset", "Suffolk", "Surrey", "Yorkshire",
	})

	streetName       = inOrder(oneOf(lastName, firstName), literal(" "), streetSuffix)
	streetAddress    = inOrder(oneOf(filled("#####", false), filled("####", false), filled("###", false)), literal(" "), streetName)
	secondaryAddress = oneOf(filled("Apt. ###", false), filled("Suite ###", false))

	cities = []renderer{
		inOrder(cityPrefix, literal(" "), firstName, citySuffix),
		inOrder(cityPrefix, literal(" "), firstName),
		inOrder(firstName, citySuffix),
		inOrder(lastName, citySuffix),
	}
	postcodes = []string{"#####", "#####-####"}
)

// degrees renders an angle from -most to most, with four decimals (11 m on the ground).
func degrees(most int64) renderer {
	return func(dst []byte, s *Source) []byte {
		return appendFixed(dst, int64(s.uint64n(uint64(2*most*10_000+1)))-most*10_000, 4)
	}
}
