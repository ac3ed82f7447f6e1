package sns

import "slices"

// What SNS has and this server doesn't is refused with the reason: a client that asks for it should not look for a mistake of
// its own.

// missing is a group of operations that have no place here.
type missing struct {
	operations []string
	reason     string
}

var missingOperations = []missing{
	{[]string{
		"CheckIfPhoneNumberIsOptedOut", "CreateSMSSandboxPhoneNumber", "DeleteSMSSandboxPhoneNumber", "GetSMSAttributes", "GetSMSSandboxAccountStatus",
		"ListOriginationNumbers", "ListPhoneNumbersOptedOut", "ListSMSSandboxPhoneNumbers", "OptInPhoneNumber", "SetSMSAttributes", "VerifySMSSandboxPhoneNumber",
	}, "the embedded server sends no SMS; subscribe an e-mail address, or an http endpoint"},
	{[]string{
		"CreatePlatformApplication", "CreatePlatformEndpoint", "DeleteEndpoint", "DeletePlatformApplication", "GetEndpointAttributes",
		"GetPlatformApplicationAttributes", "ListEndpointsByPlatformApplication", "ListPlatformApplications", "SetEndpointAttributes",
		"SetPlatformApplicationAttributes",
	}, "the embedded server sends nothing to telephones; subscribe an e-mail address, or an http endpoint"},
}

// unknownOperation is the answer to an operation that isn't served.
func unknownOperation(name string) error {
	for _, m := range missingOperations {
		if slices.Contains(m.operations, name) {
			return badRequest("InvalidAction", "%s: %s", name, m.reason)
		}
	}
	return badRequest("InvalidAction", "Could not find operation %s for version %s", name, apiVer)
}
