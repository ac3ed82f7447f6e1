package planner

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/weirsql/weir/planner/physical"
)

// Explain prints a plan as "text", "json" or "dot".
func Explain(p *physical.Plan, format string) (string, error) {
	switch format {
	case "", "text":
		return explainText(p), nil
	case "json":
		return explainJSON(p)
	case "dot":
		return explainDOT(p), nil
	}
	return "", fmt.Errorf("unknown format %q; use text, json or dot", format)
}

// explainText draws the graph as a tree per sink, rows flowing upwards as in Flink's EXPLAIN. An operator that feeds
// several others is drawn once and referred to by its ID afterwards.
func explainText(p *physical.Plan) string {
	consumers := map[physical.Node]int{}
	for _, n := range p.Nodes {
		for _, e := range n.Base().Inputs {
			consumers[e.From]++
		}
	}
	var b strings.Builder
	drawn := map[physical.Node]bool{}
	var draw func(n physical.Node, edge *physical.Edge, head, tail string)
	draw = func(n physical.Node, edge *physical.Edge, head, tail string) {
		base := n.Base()
		if drawn[n] {
			fmt.Fprintf(&b, "%sreuse %s%s\n", head, base.ID, exchangeText(edge))
			return
		}
		drawn[n] = true
		fmt.Fprintf(&b, "%s%s(%s)%s\n", head, n.Name(), n.Detail(), exchangeText(edge))
		line := "id=" + base.ID + ", changelog=[" + base.Mode.String() + "]"
		if len(base.Key) > 0 && len(base.Key) <= len(base.Schema.Fields) {
			var names []string
			for _, k := range base.Key {
				names = append(names, base.Schema.Fields[k].Name)
			}
			line += ", key=[" + strings.Join(names, ", ") + "]"
		}
		if base.Parallelism > 0 {
			line += fmt.Sprintf(", parallelism=%d", base.Parallelism)
			if base.Because != "" {
				line += " (" + base.Because + ")"
			}
		}
		if consumers[n] > 1 {
			line += ", shared"
		}
		bar := "   "
		if len(base.Inputs) > 0 {
			bar = "│  "
		}
		fmt.Fprintf(&b, "%s%s%s\n", tail, bar, line)
		for i := range base.Inputs {
			e := &base.Inputs[i]
			if i == len(base.Inputs)-1 {
				draw(e.From, e, tail+"└─ ", tail+"   ")
			} else {
				draw(e.From, e, tail+"├─ ", tail+"│  ")
			}
		}
	}
	for _, n := range p.Nodes {
		if consumers[n] == 0 {
			draw(n, nil, "", "")
		}
	}
	if p.Seeded {
		how := "drawn for this session; SET 'weir.seed' chooses one"
		if p.SeedChosen {
			how = "weir.seed"
		}
		fmt.Fprintf(&b, "seed=%d (%s)\n", p.Seed, how)
	}
	return b.String()
}

func exchangeText(e *physical.Edge) string {
	if e == nil || e.Exchange == physical.Forward {
		return ""
	}
	s := "  ⇒ " + e.Exchange.String()
	if len(e.Keys) > 0 {
		var names []string
		for _, k := range e.Keys {
			names = append(names, e.From.Base().Schema.Fields[k].Name)
		}
		s += "(" + strings.Join(names, ", ") + ")"
	}
	return s
}

// explainNode is an operator in the JSON form.
type explainNode struct {
	ID          string        `json:"id"`
	Operator    string        `json:"operator"`
	Detail      string        `json:"detail"`
	Inputs      []explainEdge `json:"inputs,omitempty"`
	Columns     []string      `json:"columns"`
	Changelog   string        `json:"changelog"`
	Key         []string      `json:"key,omitempty"`
	Parallelism int           `json:"parallelism,omitempty"`
	Because     string        `json:"because,omitempty"`
}

type explainEdge struct {
	From     string   `json:"from"`
	Exchange string   `json:"exchange"`
	Keys     []string `json:"keys,omitempty"`
}

func explainJSON(p *physical.Plan) (string, error) {
	nodes := []explainNode{}
	for _, n := range p.Nodes {
		base := n.Base()
		out := explainNode{ID: base.ID, Operator: n.Name(), Detail: n.Detail(), Changelog: base.Mode.String(), Parallelism: base.Parallelism, Because: base.Because}
		for _, f := range base.Schema.Fields {
			out.Columns = append(out.Columns, f.Name+" "+f.Type.String())
		}
		for _, k := range base.Key {
			out.Key = append(out.Key, base.Schema.Fields[k].Name)
		}
		for _, e := range base.Inputs {
			edge := explainEdge{From: e.From.Base().ID, Exchange: e.Exchange.String()}
			for _, k := range e.Keys {
				edge.Keys = append(edge.Keys, e.From.Base().Schema.Fields[k].Name)
			}
			out.Inputs = append(out.Inputs, edge)
		}
		nodes = append(nodes, out)
	}
	plan := struct {
		Nodes []explainNode `json:"nodes"`
		Seed  *int64        `json:"seed,omitempty"` // of random functions
	}{Nodes: nodes}
	if p.Seeded {
		plan.Seed = &p.Seed
	}
	text, err := json.MarshalIndent(plan, "", "  ")
	return string(text) + "\n", err
}

func explainDOT(p *physical.Plan) string {
	var b strings.Builder
	b.WriteString("digraph plan {\n  rankdir=LR;\n  node [shape=box, fontname=\"monospace\"];\n")
	for _, n := range p.Nodes {
		fmt.Fprintf(&b, "  %q [label=%q];\n", n.Base().ID, n.Name()+"\n"+n.Detail())
	}
	for _, n := range p.Nodes {
		for _, e := range n.Base().Inputs {
			label := e.Exchange.String() + " [" + e.From.Base().Mode.String() + "]"
			fmt.Fprintf(&b, "  %q -> %q [label=%q];\n", e.From.Base().ID, n.Base().ID, label)
		}
	}
	b.WriteString("}\n")
	return b.String()
}
