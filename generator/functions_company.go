package generator

import "github.com/brianvoe/gofakeit/v7/data"

var (
	companySuffix = pickFrom(data.Company["suffix"])
	companies     = []renderer{
		inOrder(lastName, literal(" "), companySuffix),
		inOrder(lastName, literal(" - "), lastName),
		inOrder(lastName, literal(", "), lastName, literal(" and "), lastName),
	}

	catchPhraseAdjective = pickFrom([]string{
		"Adaptive", "Advanced", "Automated", "Balanced", "Centralized", "Compatible", "Configurable", "Decentralized",
		"Distributed", "Enhanced", "Exclusive", "Focused", "Integrated", "Managed", "Open", "Optional", "Persistent",
		"Reactive", "Secured", "Seamless", "Streamlined", "Synchronized", "Universal", "Versatile",
	})
	catchPhraseDescriptor = pickFrom([]string{
		"asynchronous", "background", "bandwidth-monitored", "client-driven", "content-based", "dedicated", "discrete",
		"dynamic", "even-keeled", "fault-tolerant", "global", "high-level", "hybrid", "incremental", "local", "modular",
		"multimedia", "national", "object-oriented", "optimal", "real-time", "scalable", "stable", "zero defect",
	})
	catchPhraseNoun = pickFrom([]string{
		"ability", "algorithm", "analyzer", "application", "approach", "archive", "benchmark", "budget", "capability",
		"challenge", "collaboration", "database", "encoding", "forecast", "framework", "hub", "interface", "knowledge base",
		"matrix", "model", "policy", "process", "software", "strategy", "toolset", "workforce",
	})
	catchPhrase = inOrder(catchPhraseAdjective, literal(" "), catchPhraseDescriptor, literal(" "), catchPhraseNoun)

	bsVerb = pickFrom([]string{
		"aggregate", "benchmark", "cultivate", "deliver", "deploy", "drive", "embrace", "empower", "engage", "evolve",
		"facilitate", "grow", "harness", "implement", "incentivize", "innovate", "integrate", "leverage", "maximize",
		"optimize", "orchestrate", "scale", "streamline", "synthesize", "transform", "unleash",
	})
	bsAdjective = pickFrom([]string{
		"agile", "best-of-breed", "clicks-and-mortar", "compelling", "cross-platform", "customized", "distributed",
		"end-to-end", "frictionless", "global", "granular", "holistic", "impactful", "innovative", "interactive",
		"leading-edge", "mission-critical", "next-generation", "proactive", "real-time", "robust", "scalable", "seamless",
		"strategic", "turn-key", "value-added",
	})
	bsNoun = pickFrom([]string{
		"action-items", "applications", "bandwidth", "channels", "communities", "content", "convergence", "deliverables",
		"experiences", "functionalities", "infrastructures", "initiatives", "interfaces", "markets", "methodologies",
		"metrics", "models", "networks", "niches", "paradigms", "partnerships", "platforms", "relationships", "schemas",
		"solutions", "synergies", "systems", "technologies", "users", "vortals",
	})
	bs = inOrder(bsAdjective, literal(" "), bsVerb, literal(" "), bsNoun)
)
