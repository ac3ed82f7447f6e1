package awsclient

import (
	"github.com/weirsql/weir/connectors/option"
)

// Options are the options that every table of an AWS service takes, named as Flink's connectors name them. The credentials'
// keys answer to both of Flink's spellings, `aws.credentials.X` and `aws.credentials.provider.X`.
func Options() []option.Option {
	return []option.Option{
		{Key: "aws.region", Kind: option.String,
			Summary: "The region, such as us-east-1. Not needed with an ARN, with aws.endpoint, with --local, or when AWS_REGION is set."},
		{Key: "aws.endpoint", Kind: option.String, Summary: "The URL of the service, when it isn't AWS's own for the region, or what AWS_ENDPOINT_URL says."},
		{Key: "aws.trust.all.certificates", Kind: option.Bool, Default: "false",
			Summary: "Take any TLS certificate; for test servers only."},
		{Key: "aws.http.protocol.version", Aliases: []string{"sink.http-client.protocol.version"}, Kind: option.Enum,
			Values: []string{"HTTP2", "HTTP1_1"}, Default: "HTTP2", Summary: "The newest HTTP version to offer."},
		{Key: "aws.http-client.max-concurrency", Kind: option.Int, Default: "10000", Summary: "Connections at once to one endpoint, at most, by all tables whose http-client options are the same.",
			Aliases: []string{"sink.http-client.max-concurrency", "scan.stream.efo.http-client.max-concurrency"}},
		{Key: "aws.http-client.read-timeout", Kind: option.Millis, Default: "360000", Summary: "How long a request may take.",
			Aliases: []string{"sink.http-client.read-timeout", "scan.stream.efo.http-client.read-timeout"}},
		{Key: "aws.credentials.provider", Kind: option.Enum,
			Values:  []string{"AUTO", "BASIC", "ENV_VAR", "SYS_PROP", "PROFILE", "ASSUME_ROLE", "WEB_IDENTITY_TOKEN", "CUSTOM"},
			Summary: "Where credentials come from: AUTO looks everywhere; BASIC if both keys are given. SYS_PROP and CUSTOM need Java."},
		credential("basic.accesskeyid", true, "The access key of BASIC."),
		credential("basic.secretkey", true, "The secret key of BASIC."),
		credential("profile.path", false, "The credentials file of PROFILE, instead of AWS's usual ones."),
		credential("profile.name", false, "The profile of PROFILE."),
		credential("role.arn", false, "The role of ASSUME_ROLE and WEB_IDENTITY_TOKEN."),
		credential("role.sessionName", false, "The name of the role's session."),
		credential("role.externalId", true, "The external ID that the role asks for."),
		credential("role.stsEndpoint", false, "The URL of STS, when it isn't AWS's own for the region."),
		{Key: "aws.credentials.role.provider", Aliases: []string{"aws.credentials.provider.role.provider"}, Kind: option.Enum,
			Values: []string{"AUTO", "BASIC", "ENV_VAR", "PROFILE"}, Default: "AUTO", Summary: "Whose credentials may assume the role."},
		credential("webIdentityToken.file", false, "The token file of WEB_IDENTITY_TOKEN."),
		credential("custom.class", false, "A class of Java's; not supported."),
	}
}

func credential(key string, secret bool, summary string) option.Option {
	return option.Option{
		Key: "aws.credentials." + key, Kind: option.String, Secret: secret, Summary: summary,
		// The last two are Flink's for the provider that may assume a role.
		Aliases: []string{"aws.credentials.provider." + key, "aws.credentials.role.provider." + key,
			"aws.credentials.provider.role.provider." + key},
	}
}

// Spelling is the key under which the table gives an option, which error messages must name: one of the canonical key and
// its aliases, or the canonical one if none is given.
func Spelling(v option.Values, decls []option.Option, key string) string {
	given := v.WithPrefix("")
	for _, d := range decls {
		if d.Key != key {
			continue
		}
		for _, alias := range d.Aliases {
			if _, ok := given[alias]; ok {
				return alias
			}
		}
	}
	return key
}
