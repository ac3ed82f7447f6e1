package builtin

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow/decimal128"

	"github.com/weirsql/weir/diag"
	"github.com/weirsql/weir/types"
	"github.com/weirsql/weir/udf"
	"github.com/weirsql/weir/udf/rcf"
)

// forests is the family of the functions that keep a Random Cut Forest.
func forests() []udf.Spec {
	specs := []udf.Spec{forestScore(), forestExplanation(), forestGrade()}
	for i := range specs {
		specs[i].Family = "anomaly"
		specs[i].NonDeterministic = true
	}
	return specs
}

// forestCall is a call bound to its inputs and parameters.
type forestCall struct {
	name        string
	args        []types.Type // what the arguments are cast to
	row         bool         // there is one input, a ROW of numbers
	inputs      []string     // the name of each number of a point
	notNull     bool         // the result is never NULL
	seeded      bool         // by random_seed
	nullInvalid bool         // NULL for NaN and infinities, not an error
	options     rcf.Options
	thresholds  rcf.ThresholdOptions
}

// forestParam is a parameter of the calls. set stores its value, or says what it must be.
type forestParam struct {
	name, alias string
	grade       bool // of ANOMALY_GRADE only
	set         func(f *forestCall, a udf.Arg) string
}

// forestParams are the parameters; the first ones, as far as positional, in the order of the retired RANDOM_CUT_FOREST of
// Kinesis Data Analytics.
var forestParams = []forestParam{
	{name: "number_of_trees", set: func(f *forestCall, a udf.Arg) string {
		return setInt(&f.options.Trees, a, 1, rcf.MaxTrees)
	}},
	{name: "sample_size", alias: "sub_sample_size", set: func(f *forestCall, a udf.Arg) string {
		return setInt(&f.options.SampleSize, a, 2, rcf.MaxSampleSize)
	}},
	{name: "time_decay", set: func(f *forestCall, a udf.Arg) string {
		x, ok := numberOf(a)
		f.options.TimeDecay = &x
		if !ok || !(x >= 0 && x < 1) {
			return "a number of at least 0 and below 1"
		}
		return ""
	}},
	{name: "shingle_size", set: func(f *forestCall, a udf.Arg) string {
		return setInt(&f.options.ShingleSize, a, 1, 10_000)
	}},
	{name: "output_after", set: func(f *forestCall, a udf.Arg) string {
		return setInt(&f.options.OutputAfter, a, 1, math.MaxInt32)
	}},
	{name: "random_seed", set: func(f *forestCall, a udf.Arg) string {
		n, ok := integerOf(a)
		f.options.Seed, f.seeded = n, true
		if !ok {
			return "an integer"
		}
		return ""
	}},
	{name: "on_invalid", set: func(f *forestCall, a udf.Arg) string {
		text, _ := a.Value.(string)
		f.nullInvalid = text == "null"
		if text != "null" && text != "error" {
			return "'error' or 'null'"
		}
		return ""
	}},
	{name: "anomaly_rate", grade: true, set: func(f *forestCall, a udf.Arg) string {
		x, ok := numberOf(a)
		f.thresholds.AnomalyRate = x
		if !ok || !(x > 0 && x < 1) {
			return "a number above 0 and below 1"
		}
		return ""
	}},
	{name: "z_factor", grade: true, set: func(f *forestCall, a udf.Arg) string {
		x, ok := numberOf(a)
		f.thresholds.ZFactor = x
		if !ok || !(x >= 2 && x <= math.MaxFloat64) {
			return "a number of at least 2"
		}
		return ""
	}},
}

const positionalForestParams = 4

// forestUsage is how a function of the family is called.
func forestUsage(name string) []string {
	return []string{
		name + "(x [, x]* [, number_of_trees [, sample_size [, time_decay [, shingle_size]]]] [, name => value]*)",
		name + "(row [, …])",
	}
}

// bindForest tells inputs and parameters of a call apart and checks both. The inputs come first: the first argument, and those
// after it that aren't constants. Constants, and what has a name, are parameters.
func bindForest(c *udf.Call, grade bool) (*forestCall, error) {
	if len(c.Args) == 0 {
		return nil, udf.Errorf(-1, "%s takes at least one number to look at", c.Name)
	}
	f := &forestCall{name: c.Name, notNull: true}
	inputs := 0
	for i, a := range c.Args {
		if a.Name != "" || i > 0 && a.Literal {
			break
		}
		if err := f.addInput(i, a); err != nil {
			return nil, err
		}
		inputs++
	}
	if inputs == 0 {
		return nil, udf.Errorf(0, "%s takes the numbers to look at first, and parameters after them", c.Name)
	}
	var given []string
	named := false
	for i, a := range c.Args[inputs:] {
		at := inputs + i
		named = named || a.Name != ""
		var p *forestParam
		switch {
		case a.Name != "":
			var err error
			if p, err = findForestParam(c.Name, at, a.Name, grade); err != nil {
				return nil, err
			}
		case named:
			return nil, udf.Errorf(at, "an argument without a name follows one with a name")
		case !a.Literal:
			return nil, udf.Errorf(at, "this is no constant and follows a parameter; inputs come first, and parameters are constants")
		case i >= positionalForestParams:
			err := udf.Errorf(at, "only the first %d parameters can go without a name", positionalForestParams)
			if a.Type.Kind == types.Boolean {
				err.Hint = "directions and strengths are always there; leave this out"
			} else {
				err.Hint = fmt.Sprintf("write %s => …", forestParams[positionalForestParams].name)
			}
			return nil, err
		default:
			p = &forestParams[i]
		}
		if slices.Contains(given, p.name) {
			return nil, udf.Errorf(at, "%s is given twice", p.name)
		}
		given = append(given, p.name)
		if err := f.set(at, a, p); err != nil {
			return nil, err
		}
		f.args = append(f.args, a.Type)
	}
	f.notNull = f.notNull && !f.nullInvalid
	f.options.Dimensions = len(f.inputs) * max(1, f.options.ShingleSize)
	f.options.InternalShingling = f.options.ShingleSize > 1
	// The whole, which memory may not suffice for.
	if _, err := rcf.NewThresholded(f.options, f.thresholds); err != nil {
		return nil, udf.Errorf(-1, "%s: %v", c.Name, err)
	}
	return f, nil
}

// addInput takes argument i as an input.
func (f *forestCall) addInput(i int, a udf.Arg) error {
	switch {
	case f.row:
		return udf.Errorf(i, "%s takes numbers or one ROW of numbers, not more beside a ROW", f.name)
	case a.Type.IsNumeric():
		f.args = append(f.args, types.DoubleType.WithNotNull(a.Type.NotNull))
		f.notNull = f.notNull && a.Type.NotNull
		f.addName(a.Column)
	case a.Type.Kind == types.Null:
		f.args = append(f.args, types.DoubleType)
		f.notNull = false
		f.addName("")
	case a.Type.Kind == types.Row && i == 0 && len(a.Type.Fields) > 0:
		fields := slices.Clone(a.Type.Fields)
		f.notNull = a.Type.NotNull
		for k, field := range fields {
			if !field.Type.IsNumeric() {
				return udf.Errorf(i, "%s takes a ROW of numbers; %s is %s", f.name, field.Name, field.Type.Nullable())
			}
			fields[k].Type = types.DoubleType.WithNotNull(field.Type.NotNull)
			f.notNull = f.notNull && field.Type.NotNull
			f.addName(field.Name)
		}
		f.row = true
		f.args = append(f.args, types.RowType(fields...).WithNotNull(a.Type.NotNull))
	default:
		return udf.Errorf(i, "%s takes numbers or one ROW of numbers here, not %s", f.name, a.Type.Nullable())
	}
	return nil
}

// addName names the next input: what has no name of its own, or one that is taken, is input1, input2, … by its place.
func (f *forestCall) addName(name string) {
	if name == "" || strings.HasPrefix(name, "EXPR$") || strings.EqualFold(name, "score") || slices.Contains(f.inputs, name) {
		name = "input" + strconv.Itoa(len(f.inputs)+1)
	}
	f.inputs = append(f.inputs, name)
}

func findForestParam(function string, at int, name string, grade bool) (*forestParam, error) {
	var known []string
	for i := range forestParams {
		p := &forestParams[i]
		if p.grade && !grade {
			continue
		}
		if strings.EqualFold(name, p.name) || p.alias != "" && strings.EqualFold(name, p.alias) {
			return p, nil
		}
		known = append(known, p.name)
	}
	err := udf.Errorf(at, "%s has no parameter %q", function, name)
	if near := diag.Suggest(name, known); near != "" {
		err.Hint = fmt.Sprintf("did you mean %q?", near)
	} else {
		err.Hint = "parameters are " + strings.Join(known, ", ")
	}
	return nil, err
}

// set stores the value of argument at.
func (f *forestCall) set(at int, a udf.Arg, p *forestParam) error {
	switch {
	case !a.Literal:
		return udf.Errorf(at, "%s must be a constant", p.name)
	case a.Value == nil:
		err := udf.Errorf(at, "%s must not be NULL", p.name)
		err.Hint = "leave it out to take its default"
		return err
	}
	must := p.set(f, a)
	if must == "" {
		return nil
	}
	err := udf.Errorf(at, "%s is %s; it must be %s", p.name, literalOf(a), must)
	if x, ok := numberOf(a); ok && p.name == "time_decay" && x >= 1 {
		err.Hint = fmt.Sprintf("it is a rate for each row; the retired function's %v rows are 1.0 / %v here", x, x)
	}
	return err
}

// setInt stores an integer between least and most.
func setInt(to *int, a udf.Arg, least, most int64) (must string) {
	n, ok := integerOf(a)
	if !ok || n < least || n > most {
		return fmt.Sprintf("an integer between %d and %d", least, most)
	}
	*to = int(n)
	return ""
}

func integerOf(a udf.Arg) (int64, bool) {
	switch n := a.Value.(type) {
	case int8:
		return int64(n), true
	case int16:
		return int64(n), true
	case int32:
		return int64(n), a.Type.Kind == types.Int
	case int64:
		return n, a.Type.Kind == types.BigInt
	}
	return 0, false
}

func numberOf(a udf.Arg) (float64, bool) {
	switch x := a.Value.(type) {
	case float32:
		return float64(x), true
	case float64:
		return x, true
	case decimal128.Num:
		f, err := strconv.ParseFloat(x.ToString(int32(a.Type.Scale)), 64)
		return f, err == nil
	}
	n, ok := integerOf(a)
	return float64(n), ok
}

// literalOf shows a constant in a message.
func literalOf(a udf.Arg) string {
	if x, ok := numberOf(a); ok {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	if text, ok := a.Value.(string); ok {
		return fmt.Sprintf("%q", text)
	}
	return "of type " + a.Type.Nullable().String()
}

// scalar is the function with its result and what keeps its forests.
func (f *forestCall) scalar(result types.Type, memory func() udf.Stateful) *udf.BoundScalar {
	return &udf.BoundScalar{
		Args: f.args, Result: result.WithNotNull(f.notNull), Fallible: !f.nullInvalid, New: memory, Seeded: !f.seeded,
	}
}
