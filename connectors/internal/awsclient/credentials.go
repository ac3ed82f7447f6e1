package awsclient

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/logging"

	"github.com/weirsql/weir/connectors/option"
)

// credentialSettings are the aws.credentials.* options. Nothing of them but the provider's name may get into a message.
type credentialSettings struct {
	provider, roleProvider           string
	accessKey, secretKey             string
	profilePath, profileName         string
	roleARN, sessionName, externalID string
	stsEndpoint, tokenFile           string
}

func readCredentials(v option.Values, decls []option.Option) (credentialSettings, error) {
	c := credentialSettings{
		provider:  v.Enum("aws.credentials.provider"),
		accessKey: v.String("aws.credentials.basic.accesskeyid"), secretKey: v.String("aws.credentials.basic.secretkey"),
		profilePath: v.String("aws.credentials.profile.path"), profileName: v.String("aws.credentials.profile.name"),
		roleARN: v.String("aws.credentials.role.arn"), sessionName: v.String("aws.credentials.role.sessionName"),
		externalID: v.String("aws.credentials.role.externalId"), stsEndpoint: v.String("aws.credentials.role.stsEndpoint"),
		roleProvider: v.Enum("aws.credentials.role.provider"), tokenFile: v.String("aws.credentials.webIdentityToken.file"),
	}
	if c.provider == "" {
		c.provider = "AUTO"
		if c.accessKey != "" && c.secretKey != "" {
			c.provider = "BASIC"
		}
	}
	need := func(reason string, keys ...string) error {
		for _, key := range keys {
			key = "aws.credentials." + key
			if v.String(key) == "" {
				return &option.Error{Key: Spelling(v, decls, "aws.credentials.provider"), OnValue: true,
					Msg: fmt.Sprintf("credentials provider %s needs the option %q", reason, key)}
			}
		}
		return nil
	}
	const class = "aws.credentials.custom.class"
	if v.Given(class) {
		key := Spelling(v, decls, class)
		return c, &option.Error{Key: key, Msg: fmt.Sprintf("option %q names a class of Java's, and is not supported", key),
			Hint: "use AUTO, BASIC, ENV_VAR, PROFILE, ASSUME_ROLE or WEB_IDENTITY_TOKEN"}
	}
	var err error
	switch c.provider {
	case "SYS_PROP", "CUSTOM":
		return c, &option.Error{Key: "aws.credentials.provider", OnValue: true,
			Msg:  fmt.Sprintf("credentials provider %s needs Java, and is not supported", c.provider),
			Hint: "use AUTO, BASIC, ENV_VAR, PROFILE, ASSUME_ROLE or WEB_IDENTITY_TOKEN"}
	case "BASIC":
		err = need("BASIC", "basic.accesskeyid", "basic.secretkey")
	case "WEB_IDENTITY_TOKEN":
		if os.Getenv("AWS_WEB_IDENTITY_TOKEN_FILE") == "" {
			err = need("WEB_IDENTITY_TOKEN", "webIdentityToken.file", "role.arn")
		}
	case "ASSUME_ROLE":
		if err = need("ASSUME_ROLE", "role.arn"); err == nil && c.roleProvider == "BASIC" {
			err = need("ASSUME_ROLE by BASIC", "basic.accesskeyid", "basic.secretkey")
		}
	}
	return c, err
}

// base is the provider that is asked first: the table's own or, to assume a role, the one that may.
func (c *credentialSettings) base() string {
	if c.provider == "ASSUME_ROLE" {
		return c.roleProvider
	}
	return c.provider
}

func (c *credentialSettings) loadOptions(region string) []func(*config.LoadOptions) error {
	options := []func(*config.LoadOptions) error{
		config.WithRegion(region),
		config.WithLogger(logging.Nop{}), // what goes wrong comes back as an error
	}
	switch c.base() {
	case "BASIC":
		options = append(options, config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(c.accessKey, c.secretKey, "")))
	case "ENV_VAR":
		options = append(options, config.WithCredentialsProvider(aws.CredentialsProviderFunc(fromEnvironment)))
	case "PROFILE":
		// Named even if it is the usual one: keys in the environment would go before it.
		options = append(options, config.WithSharedConfigProfile(c.profile()))
		if c.profilePath != "" {
			options = append(options, config.WithSharedCredentialsFiles([]string{c.profilePath}))
		}
	}
	return options
}

func (c *credentialSettings) profile() string {
	return cmp.Or(c.profileName, os.Getenv("AWS_PROFILE"), "default")
}

func fromEnvironment(context.Context) (aws.Credentials, error) {
	env, err := config.NewEnvConfig()
	if err == nil && !env.Credentials.HasKeys() {
		err = fmt.Errorf("AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not set")
	}
	return env.Credentials, err
}

// resolve completes cfg.Credentials and tries them, so that a table without credentials says so and not that some request
// could not be signed.
func (c *credentialSettings) resolve(ctx context.Context, cfg *aws.Config) error {
	endpoint := func(o *sts.Options) {
		if c.stsEndpoint != "" {
			o.BaseEndpoint = aws.String(c.stsEndpoint)
		}
	}
	switch c.provider {
	case "ASSUME_ROLE":
		if err := c.try(ctx, c.roleProvider, cfg.Credentials); err != nil {
			return err
		}
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewAssumeRoleProvider(sts.NewFromConfig(*cfg, endpoint), c.roleARN,
			func(o *stscreds.AssumeRoleOptions) {
				o.RoleSessionName = c.sessionName
				if c.externalID != "" {
					o.ExternalID = aws.String(c.externalID)
				}
			}))
	case "WEB_IDENTITY_TOKEN":
		if c.tokenFile == "" {
			break // the environment names it, and the default chain goes there
		}
		cfg.Credentials = aws.NewCredentialsCache(stscreds.NewWebIdentityRoleProvider(sts.NewFromConfig(*cfg, endpoint), c.roleARN,
			stscreds.IdentityTokenFile(c.tokenFile), func(o *stscreds.WebIdentityRoleOptions) { o.RoleSessionName = c.sessionName }))
	}
	return c.try(ctx, c.provider, cfg.Credentials)
}

func (c *credentialSettings) try(ctx context.Context, provider string, p aws.CredentialsProvider) error {
	if _, err := p.Retrieve(ctx); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &credentialsError{provider, c.looked(provider), err}
	}
	return nil
}

// looked says where a provider looks.
func (c *credentialSettings) looked(provider string) string {
	const files = "AWS's shared config and credentials files (~/.aws, or where AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE say)"
	profile := fmt.Sprintf("the profile %q", c.profile())
	switch provider {
	case "ENV_VAR":
		return "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)"
	case "PROFILE":
		if c.profilePath != "" {
			return fmt.Sprintf("%s in %s", profile, c.profilePath)
		}
		return profile + " in " + files
	case "ASSUME_ROLE":
		return "role " + c.roleARN + ", asked of STS"
	case "WEB_IDENTITY_TOKEN":
		return "the web identity token " + c.tokenFile
	}
	return "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_WEB_IDENTITY_TOKEN_FILE), " + profile + " in " + files +
		", and the roles of a container or an EC2 instance"
}
