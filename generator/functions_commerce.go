package generator

import "github.com/brianvoe/gofakeit/v7/data"

var (
	productAdjective = capitalized(pickFrom(data.Product["adjective"]))
	productMaterial  = capitalized(pickFrom(data.Product["material"]))
	product          = capitalized(pickFrom(data.Product["name"]))
	productName      = inOrder(productAdjective, literal(" "), productMaterial, literal(" "), product)
	productColor     = pickFrom(data.Colors["safe"])
	department       = pickFrom([]string{
		"Automotive", "Baby", "Beauty", "Books", "Clothing", "Computers", "Electronics", "Games", "Garden", "Grocery",
		"Health", "Home", "Industrial", "Jewelry", "Kids", "Movies", "Music", "Outdoors", "Shoes", "Sports", "Tools", "Toys",
	})
)
